using System.Globalization;
using System.Text;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Kernels.Tests.Driving;

/// <summary>
/// A kernel driver in the template's root filesystem, and the agent's side of its protocol. All calls wait, for
/// <see cref="Deadline"/> at most: then the kernel is killed and the call fails.
/// </summary>
internal sealed class KernelProcess : IDisposable
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private const long ProtocolKey = 1, StdoutKey = 2, StderrKey = 3;
    private const int ChunkBytes = 1 << 16;

    private readonly FileDescriptor _protocol, _stdout, _stderr, _epoll;
    private readonly DirectoryInfo _work;
    private readonly HashSet<long> _open = [ProtocolKey, StdoutKey, StderrKey];
    private readonly byte[] _chunk = new byte[ChunkBytes];
    private readonly ProtocolReader _messages = new();
    private readonly MemoryStream _stdoutBytes = new(), _stderrBytes = new();
    private volatile bool _isLate;

    private KernelProcess(int pid, DirectoryInfo work, FileDescriptor protocol, FileDescriptor stdout, FileDescriptor stderr)
    {
        (Pid, _work, _protocol, _stdout, _stderr) = (pid, work, protocol, stdout, stderr);
        _epoll = Libc.CreateEpoll();
        foreach (var (descriptor, key) in new[] { (protocol, ProtocolKey), (stdout, StdoutKey), (stderr, StderrKey) })
        {
            Libc.SetNonBlocking(descriptor, nonBlocking: true);
            Libc.EpollAdd(_epoll, descriptor, key);
        }
    }

    /// <summary>Process id, and id of its process group.</summary>
    public int Pid { get; }

    /// <summary>False once the kernel has died, or is in the middle of a cell that a test left.</summary>
    public bool IsUsable => _open.Contains(ProtocolKey) && !_isLate && (_messages.IsIdle || _messages.Count == 0);

    /// <summary>Starts the driver of a language and waits until it is ready.</summary>
    /// <param name="language">Name of a directory below <c>kernels</c>.</param>
    /// <param name="preload">Let it import what most cells want while it has nothing to do.</param>
    /// <param name="homeMode">Mode of its home directory, octal.</param>
    public static KernelProcess Start(string language, bool preload = false, string homeMode = "0755")
    {
        var (ours, theirs) = Libc.SocketPair();
        var (stdout, stdoutWriter) = Libc.Pipe();
        var (stderr, stderrWriter) = Libc.Pipe();
        var work = Directory.CreateTempSubdirectory("monkey-kernel-");
        using (theirs)
        using (stdoutWriter)
        using (stderrWriter)
        {
            var pid = Libc.Spawn(new SpawnRequest
            {
                Path = "/usr/bin/unshare",
                Arguments =
                [
                    "unshare", "--mount", "/bin/sh", Path.Combine(AppContext.BaseDirectory, "Driving", "enter-template.sh"),
                    TemplateRoot.Path, TemplateRoot.KernelsDirectory, work.FullName, homeMode, .. TemplateRoot.ReadCommand(language),
                ],
                Environment =
                [
                    "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/home/user", "USER=user", "LANG=C.UTF-8",
                    $"MONKEY_PRELOAD={(preload ? 1 : 0)}",
                ],
                Descriptors =
                [
                    new DescriptorMapping(stdoutWriter, 1), new DescriptorMapping(stderrWriter, 2), new DescriptorMapping(theirs, 3),
                ],
            });
            var kernel = new KernelProcess(pid, work, ours, stdout, stderr);
            kernel.Pump(() => kernel._messages.IsReady);
            if (kernel._messages.IsReady) return kernel;
            var reason = Encoding.UTF8.GetString(kernel._stderrBytes.ToArray());
            kernel.Dispose();
            throw new InvalidOperationException($"The {language} driver is not ready: {reason}");
        }
    }

    /// <summary>Runs a cell to its end.</summary>
    public CellOutcome Run(string code, params (string Key, string Value)[] environment)
    {
        Begin(code, environment);
        return Finish();
    }

    /// <summary>Starts a cell.</summary>
    public void Begin(string code, params (string Key, string Value)[] environment)
    {
        _stdoutBytes.SetLength(0);
        _stderrBytes.SetLength(0);
        _messages.BeginCell();
        foreach (var (key, value) in environment) Send($"setenv {key}", value);
        Send("execute", code);
    }

    /// <summary>Waits for the end of the cell that was begun.</summary>
    public CellOutcome Finish()
    {
        Pump(() => _messages.IsIdle);
        // Before "idle" came everything that the cell wrote.
        Drain(StdoutKey);
        Drain(StderrKey);
        return new CellOutcome(_messages.Count, [.. _messages.Results], _messages.Error, _stdoutBytes.ToArray(), _stderrBytes.ToArray(), !_messages.IsIdle)
        {
            Findings = _messages.Findings,
        };
    }

    /// <summary>Waits until the running cell's stdout holds a text; with a marker at its start, the cell is known to run.</summary>
    public void WaitForStdout(string text) =>
        Pump(() => Encoding.UTF8.GetString(_stdoutBytes.GetBuffer(), 0, (int)_stdoutBytes.Length).Contains(text, StringComparison.Ordinal));

    /// <summary>SIGINT to the kernel's process group.</summary>
    public void Interrupt() => Assert.Equal(0, Libc.TryKill(-Pid, Libc.SIGINT));

    /// <summary>
    /// Begins a cell, waits for <c>started</c> on its stdout, interrupts it and waits for its end. As the agent does, it
    /// repeats the signal: one that meets a shell between fork and exec is lost.
    /// </summary>
    public CellOutcome RunInterrupted(string code)
    {
        Begin(code);
        WaitForStdout("started");
        using var repeat = new Timer(_ => Libc.TryKill(-Pid, Libc.SIGINT), null, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        return Finish();
    }

    /// <summary>Closes the protocol and waits for the kernel's end.</summary>
    /// <returns>Its exit code; -1 for a signal.</returns>
    public int Close()
    {
        Libc.TryShutdown(_protocol, Libc.ShutdownHow.Both);
        using var deadline = KillAtDeadline();
        return Libc.WaitChild(Pid, keep: false)!.Value.ExitCode;
    }

    public void Dispose()
    {
        _ = Libc.TryKill(-Pid, Libc.SIGKILL);
        _ = Libc.WaitChild(Pid, keep: false);
        _epoll.Dispose();
        _protocol.Dispose();
        _stdout.Dispose();
        _stderr.Dispose();
        _messages.Dispose();
        _stdoutBytes.Dispose();
        _stderrBytes.Dispose();
        _work.Delete();
    }

    private void Send(string words, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var header = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{words} {bytes.Length}\n"));
        // The driver reads a request whole before it answers, so a blocking send cannot meet a blocked driver.
        Libc.SetNonBlocking(_protocol, nonBlocking: false);
        Assert.Equal(0, Libc.TrySendAll(_protocol, [.. header, .. bytes]));
        Libc.SetNonBlocking(_protocol, nonBlocking: true);
    }

    /// <summary>Reads what comes until <paramref name="isDone"/>, or until the kernel has closed its socket.</summary>
    private void Pump(Func<bool> isDone)
    {
        using var deadline = KillAtDeadline();
        Span<long> keys = stackalloc long[3];
        while (!isDone() && _open.Contains(ProtocolKey))
        {
            var count = Libc.EpollWait(_epoll, keys);
            foreach (var key in keys[..count]) Drain(key);
        }

        Assert.False(_isLate, $"The kernel did not answer within {Deadline}. stderr: {Encoding.UTF8.GetString(_stderrBytes.ToArray())}");
    }

    private void Drain(long key)
    {
        var descriptor = key switch { ProtocolKey => _protocol, StdoutKey => _stdout, _ => _stderr };
        while (_open.Contains(key))
        {
            var count = Libc.TryRead(descriptor, _chunk);
            if (count == -ErrnoName.EAGAIN) return;
            if (count <= 0)
            {
                _open.Remove(key);
                _ = Libc.TryEpollRemove(_epoll, descriptor);
                return;
            }

            var bytes = _chunk.AsSpan(0, count);
            if (key == ProtocolKey) _messages.Add(bytes);
            else (key == StdoutKey ? _stdoutBytes : _stderrBytes).Write(bytes);
        }
    }

    private Timer KillAtDeadline() => new(
        _ =>
        {
            _isLate = true;
            _ = Libc.TryKill(-Pid, Libc.SIGKILL);
        },
        null, Deadline, Timeout.InfiniteTimeSpan);
}
