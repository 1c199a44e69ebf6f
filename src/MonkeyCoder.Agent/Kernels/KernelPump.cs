using System.Text;
using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Agent.Processes;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Kernels;

/// <summary>
/// Carries everything between one driver and the cells' connections, on the kernel's own thread.
/// </summary>
/// <remarks>
/// <para>1. While a cell runs, its output goes to its connection; a connection that does not read stops this thread, and
/// with it the kernel: that is the back-pressure.</para>
/// <para>2. While none runs, or its node has left, output is read and dropped, so that what still writes is not stuck.</para>
/// <para>3. Before a message or the end of a cell is passed on, what the pipes hold is: a driver writes it before. What
/// it writes right after a message may overtake it; pipes and socket have no common order.</para>
/// </remarks>
internal sealed class KernelPump : IDriverListener
{
    private const int BufferBytes = 32 * 1024;
    private const int MaxPipeBytes = 1024 * 1024;
    private const int MaxLastWords = 2048;

    /// <summary>Time a cell that nobody waits for has, from its interrupt to its end, before the kernel is killed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Time between signals to a cell that was interrupted and goes on: a shell between fork and exec misses one.</summary>
    private static readonly TimeSpan SignalEvery = TimeSpan.FromSeconds(1);

    private const int MaxRepeatedSignals = 5;

    private readonly Kernel _kernel;
    private readonly ProcessIo _io;
    private readonly FileDescriptor _driver;
    private readonly ChildTable _children;
    private readonly OutputPace _pace;
    private readonly DriverParser _parser;
    private readonly byte[] _pipeBuffer = new byte[AgentProtocol.HeaderBytes + BufferBytes];
    private readonly byte[] _driverBuffer = new byte[BufferBytes];
    private readonly StringBuilder _lastWords = new();
    private ReadOnlyMemory<byte> _outgoing;
    private bool _driverEnded;
    private bool _killed;
    private long _killAt;
    private int _interrupts;
    private int _signalsLeft;
    private long _signalAt;

    public KernelPump(Kernel kernel, ProcessIo io, FileDescriptor driver, ChildTable children, OutputPace pace)
    {
        _kernel = kernel;
        _io = io;
        _driver = driver;
        _children = children;
        _pace = pace;
        _parser = new DriverParser(this);
        Libc.SetNonBlocking(driver, true);
    }

    /// <summary>Runs until the process is gone. Returns how it ended, and what it said before it was ready.</summary>
    public (ChildExit Exit, string LastWords) Run()
    {
        Span<PollEntry> entries = stackalloc PollEntry[4];
        while (true)
        {
            if (_children.ExitOf(_kernel.Child) is { } exit)
            {
                Finish();
                return (exit, _lastWords.ToString());
            }

            if (_outgoing.IsEmpty && _kernel.BeginNext() is { } cell) _outgoing = cell.Bytes;
            var timeout = Earlier(MillisecondsToKill(), MillisecondsToSignal());
            // A cell that is about to begin is not kept waiting by what others have said before it.
            var wait = _kernel.IsBeginning ? 0 : _pace.MillisecondsToWait();
            if (wait > 0) timeout = Earlier(timeout, wait);
            entries[0] = new PollEntry(_kernel.Child.Wake.Number, Libc.POLLIN);
            entries[1] = new PollEntry(_driverEnded || wait > 0 ? -1 : _driver.Number, (short)(Libc.POLLIN | (_outgoing.IsEmpty ? 0 : Libc.POLLOUT)));
            entries[2] = _io.Outputs[0].Entry;
            entries[3] = _io.Outputs[1].Entry;
            Libc.Poll(wait > 0 ? entries[..2] : entries, timeout);

            if (entries[0].Returned != 0) Libc.Lower(_kernel.Child.Wake);
            if ((entries[1].Returned & Libc.POLLOUT) != 0) Tell();
            if ((entries[1].Returned & ~Libc.POLLOUT) != 0 || !_driverEnded && _kernel.IsBeginning) Listen();
            for (var i = 0; i < 2; i++)
            {
                if (entries[i + 2].Returned != 0) Forward(_io.Outputs[i]);
            }
        }
    }

    void IDriverListener.OnReady()
    {
        if (_kernel.IsReady) throw new InvalidDataException("it says ready twice");
        _kernel.MarkReady();
    }

    void IDriverListener.OnMessage(string kind, ReadOnlySpan<byte> piece, bool first, bool more)
    {
        // The first message of a cell comes before all of its output, any other after what was written before it.
        if (first && !_kernel.MarkBegun()) DrainPipes();

        // Between cells a thread of the last one may still display something; nobody would know whose it is.
        if (_kernel.Current(out var abandoned) is not { } cell || abandoned) return;
        // The bytes are copied once into the message: pieces are at most one read long. What one read has goes as one.
        if (!cell.Channel.TryAdd(FrameType.KernelMessage, new KernelMessageEvent(kind, more, piece.ToArray()))) _kernel.Abandon(cell);
    }

    void IDriverListener.OnIdle()
    {
        if (_kernel.Current(out _) is not { } cell || !_outgoing.IsEmpty) throw new InvalidDataException("it says idle and no cell runs");
        DrainPipes();
        var interrupted = _kernel.EndCurrent();
        _killAt = 0;
        cell.Channel.TrySend(FrameType.KernelIdle, new KernelIdleEvent(interrupted));
        cell.Channel.Finish();
    }

    private int MillisecondsToKill()
    {
        _kernel.Current(out var abandoned);
        if (!abandoned || _killed) return -1;
        var now = Environment.TickCount64;
        if (_killAt == 0) _killAt = now + (long)Patience.TotalMilliseconds;
        if (now < _killAt) return (int)(_killAt - now);
        Kill("a cell that nobody waits for does not end");
        return -1;
    }

    private int MillisecondsToSignal()
    {
        var interrupts = _kernel.CountInterrupts();
        var now = Environment.TickCount64;
        if (interrupts != _interrupts)
        {
            // The first signal has been sent by whoever asked for it.
            _interrupts = interrupts;
            _signalsLeft = interrupts == 0 ? 0 : MaxRepeatedSignals;
            _signalAt = now + (long)SignalEvery.TotalMilliseconds;
        }

        if (_signalsLeft == 0) return -1;
        if (now < _signalAt) return (int)(_signalAt - now);
        _signalsLeft--;
        _signalAt = now + (long)SignalEvery.TotalMilliseconds;
        _kernel.RepeatInterrupt();
        return (int)SignalEvery.TotalMilliseconds;
    }

    private static int Earlier(int one, int other) => one < 0 ? other : other < 0 ? one : Math.Min(one, other);

    private void Tell()
    {
        var count = Libc.TryWrite(_driver, _outgoing.Span);
        if (count > 0) _outgoing = _outgoing[count..];
        else if (count != -ErrnoName.EAGAIN) Kill("it does not take a cell");
    }

    private void Listen()
    {
        var count = Libc.TryRead(_driver, _driverBuffer);
        if (count == -ErrnoName.EAGAIN) return;
        if (count <= 0)
        {
            // A process that has only just ended is reaped in a moment and reported with its own exit.
            _driverEnded = true;
            _outgoing = default;
            if (_children.WaitForExit(_kernel.Child, TimeSpan.FromSeconds(1)) is null) Kill("it has closed its socket");
            return;
        }

        try
        {
            _parser.Feed(_driverBuffer.AsSpan(0, count));
            if (_kernel.Current(out var abandoned) is not { } cell || abandoned) return;
            if (count < BufferBytes) _pace.Spend();
            if (!cell.Channel.TrySendAdded()) _kernel.Abandon(cell);
        }
        catch (InvalidDataException e)
        {
            Kill(e.Message);
        }
    }

    private void Kill(string why)
    {
        _driverEnded = true;
        _outgoing = default;
        if (_killed) return;
        _killed = true;
        AgentLog.Write($"killed the {_kernel.Language} kernel {_kernel.Child.Pid}: {why}");
        _children.KillAll(_kernel.Child);
    }

    /// <summary>After the end of the process: what it left in its socket and pipes.</summary>
    private void Finish()
    {
        for (var left = MaxPipeBytes; left > 0 && !_driverEnded; left -= BufferBytes)
        {
            Span<PollEntry> entries = [new(_driver.Number, Libc.POLLIN)];
            if (Libc.Poll(entries, 0) == 0) break;
            Listen();
        }

        DrainPipes();
        _children.KillAll(_kernel.Child);
    }

    private void DrainPipes()
    {
        foreach (var output in _io.Outputs)
        {
            // No more than a pipe can hold: what is written while this goes on belongs to later.
            for (var left = MaxPipeBytes; left > 0;)
            {
                var count = Forward(output);
                if (count == 0) break;
                left -= count;
                if (count < BufferBytes) break;
            }
        }
    }

    private int Forward(OutputPipe output)
    {
        var count = output.Read(_pipeBuffer.AsSpan(AgentProtocol.HeaderBytes));
        if (count == 0) return 0;
        if (_kernel.Current(out var abandoned) is { } cell)
        {
            if (abandoned) return count;
            if (count < BufferBytes) _pace.Spend();
            if (!cell.Channel.TrySendChunk(output.Type, _pipeBuffer, count)) _kernel.Abandon(cell);
        }
        else if (!_kernel.IsReady && output.Type == FrameType.Stderr && _lastWords.Length < MaxLastWords)
        {
            _lastWords.Append(Encoding.UTF8.GetString(_pipeBuffer, AgentProtocol.HeaderBytes, Math.Min(count, MaxLastWords - _lastWords.Length)));
        }

        return count;
    }
}
