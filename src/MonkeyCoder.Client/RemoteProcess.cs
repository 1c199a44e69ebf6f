using System.Text;
using MonkeyCoder.Client.Processes;
using MonkeyCoder.Client.Wire;

namespace MonkeyCoder.Client;

/// <summary>
/// A process in a sandbox and the stream of its output. Disposing closes the stream and leaves the process running:
/// <see cref="KillAsync"/> ends it. One reader at a time; not reading slows the process down.
/// </summary>
public sealed class RemoteProcess : IAsyncDisposable
{
    private readonly ProcessApi _api;
    private readonly ProcessStream _stream;
    private readonly bool _terminal;

    internal RemoteProcess(ProcessApi api, ProcessStream stream, bool terminal) =>
        (_api, _stream, _terminal) = (api, stream, terminal);

    /// <summary>Pid inside the sandbox.</summary>
    public int Pid => _stream.Pid;

    /// <summary>Output as it comes, then the exit. Can be enumerated once.</summary>
    /// <param name="cancellationToken">Stops reading; the process goes on.</param>
    /// <exception cref="SandboxApiException">The stream broke, or the command's timeout is over (<c>deadline_exceeded</c>).</exception>
    public IAsyncEnumerable<ProcessOutput> ReadOutputAsync(CancellationToken cancellationToken = default) =>
        _stream.ReadAllAsync(cancellationToken);

    /// <summary>Reads the output to the end of the process and returns all of it as text.</summary>
    /// <param name="onStdout">Called with each piece of standard output, and of a terminal.</param>
    /// <param name="onStderr">Called with each piece of standard error.</param>
    /// <param name="cancellationToken">Stops waiting; the process goes on.</param>
    /// <exception cref="SandboxApiException">As <see cref="ReadOutputAsync"/>.</exception>
    public async Task<CommandResult> WaitAsync(
        Action<ReadOnlyMemory<byte>>? onStdout = null,
        Action<ReadOnlyMemory<byte>>? onStderr = null,
        CancellationToken cancellationToken = default)
    {
        using MemoryStream stdout = new(), stderr = new();
        ProcessExit exit = new(-1, null);
        await foreach (var output in ReadOutputAsync(cancellationToken).ConfigureAwait(false))
            switch (output)
            {
                case ProcessChunk { Stream: OutputStream.Stderr } chunk:
                    stderr.Write(chunk.Bytes.Span);
                    onStderr?.Invoke(chunk.Bytes);
                    break;
                case ProcessChunk chunk:
                    stdout.Write(chunk.Bytes.Span);
                    onStdout?.Invoke(chunk.Bytes);
                    break;
                case ProcessExit end:
                    exit = end;
                    break;
            }

        return new CommandResult(exit.ExitCode, TextOf(stdout), TextOf(stderr), exit.Error);
    }

    /// <summary>Writes to its standard input, or types into its terminal.</summary>
    /// <param name="bytes">What to write.</param>
    /// <param name="cancellationToken">Cancels the request; some bytes may have been written.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c> where it is over, <c>internal</c> where it has no standard input.</exception>
    public Task WriteInputAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken = default) =>
        _api.SendInputAsync(
            Pid,
            _terminal ? new ProcessInputWire(Pty: bytes.ToArray()) : new ProcessInputWire(Stdin: bytes.ToArray()),
            cancellationToken);

    /// <summary>Writes text as UTF-8 to its standard input.</summary>
    /// <param name="text">What to write; a newline is not added.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">As the other overload.</exception>
    public Task WriteInputAsync(string text, CancellationToken cancellationToken = default) =>
        WriteInputAsync(Encoding.UTF8.GetBytes(text), cancellationToken);

    /// <summary>Ends its standard input: it reads end-of-file.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">The service refused.</exception>
    public Task CloseInputAsync(CancellationToken cancellationToken = default) => _api.CloseInputAsync(Pid, cancellationToken);

    /// <summary>Tells its terminal a new size.</summary>
    /// <param name="columns">Width in characters.</param>
    /// <param name="rows">Height in lines.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">The service refused.</exception>
    public Task ResizeAsync(int columns, int rows, CancellationToken cancellationToken = default) =>
        _api.ResizeAsync(Pid, columns, rows, cancellationToken);

    /// <summary>Asks it to end (SIGTERM).</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c> where it is over.</exception>
    public Task TerminateAsync(CancellationToken cancellationToken = default) =>
        _api.SignalAsync(Pid, "SIGNAL_SIGTERM", cancellationToken);

    /// <summary>Ends it (SIGKILL).</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>False where it was over already.</returns>
    /// <exception cref="SandboxApiException">The service refused.</exception>
    public async Task<bool> KillAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await _api.SignalAsync(Pid, "SIGNAL_SIGKILL", cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (SandboxApiException exception) when (exception.Code == "not_found")
        {
            return false;
        }
    }

    /// <summary>Closes the stream. The process goes on.</summary>
    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private static string TextOf(MemoryStream bytes) => Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
}
