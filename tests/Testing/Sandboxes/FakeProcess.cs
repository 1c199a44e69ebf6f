using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Testing.Sandboxes;

/// <summary>A process whose output a test writes.</summary>
public sealed class FakeProcess(int pid, ProcessStartRequest request) : IProcessStream
{
    private readonly Channel<ProcessOutput> _outputs = Channel.CreateUnbounded<ProcessOutput>();

    public int Pid => pid;

    public ProcessStartRequest Request => request;

    /// <summary>Set when the node has let go of the stream.</summary>
    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Signals that were sent to it.</summary>
    public Channel<int> Signals { get; } = Channel.CreateUnbounded<int>();

    /// <summary>Bytes that were sent to it, a piece at a time.</summary>
    public Channel<byte[]> Inputs { get; } = Channel.CreateUnbounded<byte[]>();

    public FakeProcess Stdout(string text) => Write(OutputChannel.Stdout, Encoding.UTF8.GetBytes(text));

    public FakeProcess Stderr(string text) => Write(OutputChannel.Stderr, Encoding.UTF8.GetBytes(text));

    public FakeProcess Write(OutputChannel channel, byte[] bytes)
    {
        _outputs.Writer.TryWrite(new ProcessChunk(channel, bytes));
        return this;
    }

    public void Exit(int exitCode, int signal = 0)
    {
        _outputs.Writer.TryWrite(new ProcessExit(exitCode, signal));
        _outputs.Writer.TryComplete();
    }

    /// <summary>The stream breaks, as when the sandbox goes away.</summary>
    public void Break(Exception exception) => _outputs.Writer.TryComplete(exception);

    public async IAsyncEnumerable<ProcessOutput> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var output in _outputs.Reader.ReadAllAsync(cancellationToken)) yield return output;
    }

    public ValueTask DisposeAsync()
    {
        Disposed.TrySetResult();
        return ValueTask.CompletedTask;
    }
}
