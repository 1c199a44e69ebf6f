using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Isolation.Tests.Templates;

public sealed class TemplateBuilderTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TemplateFixture _fixture = new();
    private readonly FakeBootstrap _bootstrap = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task BuildAsync_NotBuilt_PublishesAWholeTemplate()
    {
        var progress = new RecordedProgress();

        var template = await _fixture.NewBuilder(_bootstrap).BuildAsync("small", progress, Cancellation);

        Assert.Equal(template, _fixture.Catalog.TryGetBuilt("small"));
        Assert.Equal([template], _fixture.Catalog.ListBuilt());
        Assert.Equal($"small-{template.Version}", Assert.Single(_fixture.BuiltEntries));
        Assert.Equal(1000, template.SizeBytes);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(template.RootPath, "dev")));
        Assert.Equal(new TemplateProgress(TemplatePhase.Done, progress.Reports[^1].Message, 100), progress.Reports[^1]);
    }

    [Fact]
    public async Task BuildAsync_BuiltAlready_DoesNothing()
    {
        var first = await _fixture.NewBuilder(_bootstrap).BuildAsync("small", null, Cancellation);
        var second = await _fixture.NewBuilder(_bootstrap).BuildAsync("small", null, Cancellation);

        Assert.Equal(first, second);
        Assert.Equal(1, _bootstrap.Runs);
    }

    [Fact]
    public async Task BuildAsync_RecipeChanged_BuildsAnotherVersion()
    {
        var first = await _fixture.NewBuilder(_bootstrap).BuildAsync("small", null, Cancellation);
        _fixture.Directory.Write("templates/small/hooks/customize-20-more", "#!/bin/sh\n", executable: true);

        var second = await _fixture.NewBuilder(_bootstrap).BuildAsync("small", null, Cancellation);

        Assert.NotEqual(first.Version, second.Version);
        Assert.Equal(2, _fixture.Catalog.ListBuilt().Count);
    }

    [Fact]
    public async Task BuildAsync_BootstrapFails_SaysWhyAndLeavesNothing()
    {
        _bootstrap.ExitCode = 1;
        _bootstrap.Lines = ["I: running apt-get update...", "E: Unable to locate package bsah"];

        var failure = await Assert.ThrowsAsync<TemplateBuildException>(
            () => _fixture.NewBuilder(_bootstrap).BuildAsync("small", null, Cancellation));

        Assert.Contains("Unable to locate package bsah", failure.Message, StringComparison.Ordinal);
        var log = Path.Combine(_fixture.BuiltDirectory, "small.log");
        Assert.Contains(log, failure.Message, StringComparison.Ordinal);
        Assert.Equal(_bootstrap.Lines, File.ReadAllLines(log));
        Assert.Empty(_fixture.BuiltEntries);
        Assert.Null(_fixture.Catalog.TryGetBuilt("small"));
    }

    [Fact]
    public async Task BuildAsync_Cancelled_LeavesNothing()
    {
        _bootstrap.Gate = Task.Delay(Timeout.InfiniteTimeSpan, Cancellation);
        using var caller = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var build = _fixture.NewBuilder(_bootstrap).BuildAsync("small", null, caller.Token);
        await _bootstrap.Started.Task.WaitAsync(Deadline, Cancellation);

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => build);
        Assert.Empty(_fixture.BuiltEntries);
    }

    [Fact]
    public async Task BuildAsync_LeftoversOfAKilledBuild_AreRemoved()
    {
        var version = _fixture.Catalog.GetRecipe("small").Version;
        _fixture.Directory.Write("cache/templates/.build-small/rootfs/half", "");
        _fixture.Directory.Write($"cache/templates/small-{version}/rootfs/half", "");

        var template = await _fixture.NewBuilder(_bootstrap).BuildAsync("small", null, Cancellation);

        Assert.False(File.Exists(Path.Combine(template.RootPath, "half")));
        Assert.Equal($"small-{version}", Assert.Single(_fixture.BuiltEntries));
    }

    [Fact]
    public async Task BuildAsync_AnotherBuilderIsAtIt_WaitsAndUsesItsResult()
    {
        var gate = new TaskCompletionSource();
        _bootstrap.Gate = gate.Task;
        var first = _fixture.NewBuilder(_bootstrap).BuildAsync("small", null, Cancellation);
        await _bootstrap.Started.Task.WaitAsync(Deadline, Cancellation);
        var progress = new RecordedProgress();
        var second = _fixture.NewBuilder(_bootstrap).BuildAsync("small", progress, Cancellation);
        await progress.Waiting.Task.WaitAsync(Deadline, Cancellation);

        gate.SetResult();

        Assert.Equal(await first.WaitAsync(Deadline, Cancellation), await second.WaitAsync(Deadline, Cancellation));
        Assert.Equal(1, _bootstrap.Runs);
        Assert.Equal([TemplatePhase.Waiting, TemplatePhase.Done], progress.Reports.Select(report => report.Phase));
    }

    [Fact]
    public async Task BuildAsync_UnknownName_Refuses() =>
        await Assert.ThrowsAsync<UnknownTemplateException>(
            () => _fixture.NewBuilder(_bootstrap).BuildAsync("other", null, Cancellation));
}
