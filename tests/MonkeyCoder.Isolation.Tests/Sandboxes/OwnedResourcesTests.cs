using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

public sealed class OwnedResourcesTests
{
    [Fact]
    public async Task DisposeAsync_StepsFail_TriesAllInReverseAndThrowsAllTogether()
    {
        var order = new List<int>();
        var owned = New();
        for (var i = 0; i < 3; i++)
        {
            var step = i;
            owned.Push(_ =>
            {
                order.Add(step);
                return step == 1 ? Task.CompletedTask : throw new InvalidOperationException($"{step}");
            });
        }

        var failure = await Assert.ThrowsAsync<AggregateException>(async () => await owned.DisposeAsync());

        Assert.Equal([2, 1, 0], order);
        Assert.Equal(["2", "0"], failure.InnerExceptions.Select(inner => inner.Message));
        await owned.DisposeAsync();
    }

    [Fact]
    public async Task Release_HandedOver_BelongsToTheNewOwner()
    {
        var undone = 0;
        var owned = New();
        owned.Push(_ =>
        {
            undone++;
            return Task.CompletedTask;
        });

        var owner = owned.Release();
        await owned.DisposeAsync();
        Assert.Equal(0, undone);
        await owner.DisposeAsync();
        Assert.Equal(1, undone);
    }

    private static OwnedResources New() => new(TimeSpan.FromSeconds(60), TimeProvider.System);
}
