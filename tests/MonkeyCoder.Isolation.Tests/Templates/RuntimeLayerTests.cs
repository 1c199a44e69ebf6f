using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Isolation.Tests.Templates;

public sealed class RuntimeLayerTests : IDisposable
{
    private readonly TemplateFixture _fixture = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task PrepareAsync_NotThere_CopiesAgentAndKernelsWithPlainModes()
    {
        var layer = await RuntimeLayer.PrepareAsync(_fixture.Settings, "small", Cancellation);

        var files = Directory.EnumerateFiles(layer.RootPath, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(layer.RootPath, path), path => Convert.ToString((int)File.GetUnixFileMode(path), 8));
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["opt/monkeycoder/monkey-agent"] = "755",
                ["opt/monkeycoder/kernels/bash/argv"] = "644",
                ["opt/monkeycoder/kernels/bash/driver"] = "755",
            },
            files);
        Assert.All(
            Directory.EnumerateDirectories(layer.RootPath, "*", SearchOption.AllDirectories).Append(layer.RootPath),
            path => Assert.Equal("755", Convert.ToString((int)File.GetUnixFileMode(path), 8)));
    }

    [Fact]
    public async Task PrepareAsync_NothingChanged_IsTheSameLayer()
    {
        var first = await RuntimeLayer.PrepareAsync(_fixture.Settings, "small", Cancellation);
        var second = await RuntimeLayer.PrepareAsync(_fixture.Settings, "small", Cancellation);

        Assert.Equal(first, second);
    }

    [Fact]
    public async Task PrepareAsync_AgentOrKernelChanged_IsAnotherLayer()
    {
        var first = await RuntimeLayer.PrepareAsync(_fixture.Settings, "small", Cancellation);
        _fixture.Directory.Write("agent", "new agent");
        var second = await RuntimeLayer.PrepareAsync(_fixture.Settings, "small", Cancellation);
        _fixture.Directory.Write("templates/small/kernels/bash/argv", "/bin/sh\n");
        var third = await RuntimeLayer.PrepareAsync(_fixture.Settings, "small", Cancellation);

        Assert.Equal(3, new[] { first.Version, second.Version, third.Version }.Distinct().Count());
        Assert.Equal("agent", File.ReadAllText(Path.Combine(first.RootPath, "opt/monkeycoder/monkey-agent")));
    }

    [Fact]
    public async Task PrepareAsync_LeftoverOfAKilledOne_IsReplaced()
    {
        _fixture.Directory.Write("cache/runtime/.new/half", "");

        var layer = await RuntimeLayer.PrepareAsync(_fixture.Settings, "small", Cancellation);

        Assert.False(File.Exists(Path.Combine(layer.RootPath, "half")));
    }

    [Fact]
    public async Task PrepareAsync_NoAgent_SaysWhatToRun()
    {
        File.Delete(_fixture.Settings.AgentPath!);

        var failure = await Assert.ThrowsAsync<HostNotReadyException>(
            () => RuntimeLayer.PrepareAsync(_fixture.Settings, "small", Cancellation));

        Assert.Contains("dotnet publish", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LoadAsync_OneBuilt_GivesRuntimeOverTemplate()
    {
        var template = await _fixture.NewBuilder(new FakeBootstrap()).BuildAsync("small", null, Cancellation);
        var layer = await RuntimeLayer.PrepareAsync(_fixture.Settings, "small", Cancellation);

        var templates = await NodeTemplates.LoadAsync(_fixture.Settings, Cancellation);

        Assert.Equal(["small"], templates.Names);
        Assert.Equal([layer.RootPath, template.RootPath], templates.Find("small")!.Layers);
        Assert.Null(templates.Find("other"));
    }

    [Fact]
    public async Task LoadAsync_NothingBuilt_SaysWhatToRun()
    {
        var failure = await Assert.ThrowsAsync<HostNotReadyException>(() => NodeTemplates.LoadAsync(_fixture.Settings, Cancellation));

        Assert.Contains("monkey templates build", failure.Message, StringComparison.Ordinal);
    }
}
