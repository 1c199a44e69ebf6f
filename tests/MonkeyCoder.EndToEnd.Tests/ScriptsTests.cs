using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests;

/// <summary>What a new user runs first.</summary>
public sealed class ScriptsTests
{
    private static readonly byte[] PngSignature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    [Fact]
    public async Task RunOnce_OnThisMachine_ShowsATableAndSavesThePlot()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(10));
        await using var node = new NodeUnderTest();
        Directory.CreateDirectory(node.StateDirectory, (UnixFileMode)0b111_001_001);
        var picture = Path.Combine(Repository.Root, "out");
        if (Directory.Exists(picture)) Directory.Delete(picture, recursive: true);
        var environment = node.Environment();
        environment.Remove("SANDBOX_TOKEN_SECRET");
        environment.Remove("E2B_API_KEY");
        var outcome = await Commands.RunAsync(Path.Combine(Repository.Root, "run"), ["--once"], Repository.Root, environment, limit.Token);

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        var file = Assert.Single(Directory.GetFiles(picture, "*.png"));
        var bytes = await File.ReadAllBytesAsync(file, limit.Token);
        Assert.Equal(PngSignature, bytes[..8]);
        Assert.Contains(Path.GetFileName(file), outcome.Stdout + outcome.Stderr, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(node.StateDirectory, "secret")));
    }

    [Theory]
    [InlineData("samples/dotnet")]
    [InlineData("samples/javascript")]
    public async Task Sample_AgainstTheService_Works(string directory)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(5));
        await using var node = new NodeUnderTest();
        await node.InitializeAsync();
        var (program, arguments) = directory.EndsWith("dotnet", StringComparison.Ordinal)
            ? ("dotnet", new[] { "run", "-c", "Release" })
            : ("node", ["first-sandbox.mjs"]);
        var outcome = await Commands.RunAsync(program, arguments, Path.Combine(Repository.Root, directory), node.Environment(), limit.Token);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
    }
}
