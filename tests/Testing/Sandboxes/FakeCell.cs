using System.Text;
using System.Threading.Channels;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Testing.Sandboxes;

/// <summary>A cell whose output a test writes.</summary>
public sealed class FakeCell(KernelExecuteRequest request) : ICellStream
{
    private readonly Channel<CellOutput> _outputs = Channel.CreateUnbounded<CellOutput>();

    public KernelExecuteRequest Request => request;

    /// <summary>Set when the node has let go of the stream.</summary>
    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Set when the node has passed the first output on and asks for the second.</summary>
    public TaskCompletionSource FirstTaken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public FakeCell Count(int count = 1) => Message("count", $$"""{"execution_count":{{count}}}""");

    public FakeCell Stdout(string text) => Bytes(OutputChannel.Stdout, Encoding.UTF8.GetBytes(text));

    public FakeCell Stderr(string text) => Bytes(OutputChannel.Stderr, Encoding.UTF8.GetBytes(text));

    public FakeCell Bytes(OutputChannel channel, params byte[] bytes) => Write(new CellChunk(channel, bytes));

    public FakeCell Result(string json) => Message("result", json);

    public FakeCell Error(string name, string value, string traceback = "") => Message(
        "error",
        System.Text.Json.JsonSerializer.Serialize(new { name, value, traceback }));

    public FakeCell Message(string kind, string json) => Write(new CellMessage(kind, Encoding.UTF8.GetBytes(json)));

    public FakeCell Write(CellOutput output)
    {
        _outputs.Writer.TryWrite(output);
        return this;
    }

    public void Idle(bool interrupted = false)
    {
        Write(new CellIdle(interrupted));
        _outputs.Writer.TryComplete();
    }

    public void Die(int exitCode = -1, int signal = 9)
    {
        Write(new CellKernelDied(exitCode, signal));
        _outputs.Writer.TryComplete();
    }

    /// <summary>The stream breaks, as when the sandbox goes away or the agent refuses.</summary>
    public void Break(Exception exception) => _outputs.Writer.TryComplete(exception);

    public async IAsyncEnumerable<CellOutput> ReadAllAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            CellOutput output;
            try
            {
                output = await _outputs.Reader.ReadAsync(cancellationToken);
            }
            catch (ChannelClosedException closed)
            {
                if (closed.InnerException is { } broken) throw broken;
                yield break;
            }

            yield return output;
            FirstTaken.TrySetResult();
        }
    }

    public ValueTask DisposeAsync()
    {
        Disposed.TrySetResult();
        return ValueTask.CompletedTask;
    }
}
