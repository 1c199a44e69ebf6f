using System.Threading.Channels;
using MonkeyCoder.Sandbox.E2b;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Sandbox.Tests.E2b;

public sealed class IdlePumpTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_ItemsThatAreThereAlready_AreNotFlushedOneByOne()
    {
        var source = Channel.CreateUnbounded<int>();
        for (var i = 0; i < 1000; i++) source.Writer.TryWrite(i);
        List<int> written = [];
        List<int> flushedAt = [];
        TaskCompletionSource flushed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        var run = IdlePump.RunAsync(
            token => source.Reader.ReadAllAsync(token), TimeSpan.FromSeconds(5), new ManualTimeProvider(),
            item =>
            {
                written.Add(item);
                return ValueTask.CompletedTask;
            },
            () =>
            {
                flushedAt.Add(written.Count);
                flushed.TrySetResult();
                return ValueTask.CompletedTask;
            },
            () => ValueTask.CompletedTask, Cancelled);
        await flushed.Task.WaitAsync(Cancelled);
        source.Writer.Complete();
        await run;

        Assert.Equal(Enumerable.Range(0, 1000), written);
        Assert.Equal([1000], flushedAt);
    }
}
