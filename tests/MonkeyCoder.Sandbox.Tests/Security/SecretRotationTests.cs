using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Security;
using MonkeyCoder.Sandbox.Tests.E2b;
using MonkeyCoder.Sandbox.Tests.Hosting;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Sandbox.Tests.Security;

public sealed class SecretRotationTests
{
    private const string NoSecret = "--Security:TokenSecret=";
    private const string Other = "fedcba9876543210fedcba9876543210";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rotation_OfTheFile_NeedsNoRestart()
    {
        using var file = new SecretFile(NodeFixture.Secret);
        await using var node = await NodeFixture.StartAsync(NoSecret, file.Setting);
        var before = NodeFixture.Token();
        Assert.Equal(HttpStatusCode.OK, await AskAsync(node, before));

        Assert.True(await file.Store.RotateAsync(force: false, Cancelled));
        var after = SandboxTokens.Generate("e1", TimeSpan.FromHours(1), file.Store.Read().Current);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(node, after));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(node, before));

        Assert.True(await file.Store.RetireAsync(Cancelled));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(node, before));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(node, after));
        Assert.Equal(
            ["Token secrets read again: 2 verify", "Token secrets read again: 1 verify"],
            node.Log.Lines.Where(line => line.Text.StartsWith("Token secrets", StringComparison.Ordinal)).Select(line => line.Text));
        Assert.DoesNotContain(node.Log.Lines, line => line.Text.Contains(NodeFixture.Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rotation_BeforeTheFirstToken_StartsFromWhatWasThereAtTheStart()
    {
        using var file = new SecretFile(NodeFixture.Secret);
        await using var node = await NodeFixture.StartAsync(NoSecret, file.Setting);
        File.Delete(file.Path);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(node, NodeFixture.Token()));
    }

    [Fact]
    public async Task Rotation_RunningSandbox_KeepsItsTokens()
    {
        using var file = new SecretFile(NodeFixture.Secret);
        await using var node = await E2bNode.StartAsync(
            services => services.AddSingleton<ISandboxTokenKeys, SandboxTokenKeys>(), NoSecret, file.Setting);
        var sandbox = await node.CreateAsync("""{"templateID":"base","secure":true,"network":{"allowPublicTraffic":false}}""");
        Assert.NotNull(sandbox.Token);
        Assert.NotNull(sandbox.TrafficToken);
        await file.Store.RotateAsync(force: false, Cancelled);
        await file.Store.RetireAsync(Cancelled);

        // The node has read the new secrets, and the old one opens nothing.
        Assert.Equal(200, await ListAsync(node, file.Store.Read().Current));
        Assert.Equal(401, await ListAsync(node, NodeFixture.Secret));
        Assert.Equal(200, (await node.CallAsync(sandbox, "process.Process/List", "{}")).Status);
        Assert.Equal(401, (await node.CallAsync(sandbox with { Token = "0" + sandbox.Token![1..] + "0" }, "process.Process/List", "{}")).Status);
        var later = await node.CreateAsync("""{"templateID":"base","secure":true}""");
        Assert.Equal(200, (await node.CallAsync(later, "process.Process/List", "{}")).Status);
    }

    [Fact]
    public void Derive_TwoServicesOfOneSecret_HaveNothingInCommon()
    {
        var keys = new SandboxTokenKeys();

        Assert.Equal(keys.Derive("a"), keys.Derive("a"));
        Assert.NotEqual(keys.Derive("a"), keys.Derive("b"));
        Assert.NotEqual(keys.Derive("a"), new SandboxTokenKeys().Derive("a"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData(Other + "\nshort")]
    [InlineData(null)]
    public async Task File_ThatNoLongerDoes_LeavesTheSecretsInForceUntilItDoes(string? content)
    {
        using var file = new SecretFile(NodeFixture.Secret);
        await using var node = await NodeFixture.StartAsync(NoSecret, file.Setting);
        if (content is null) File.Delete(file.Path);
        else file.Replace(content);
        var other = SandboxTokens.Generate("e1", TimeSpan.FromHours(1), Other);

        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.OK, await AskAsync(node, NodeFixture.Token()));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(node, other));
        var warning = Assert.Single(node.Log.Lines, line => line.Text.StartsWith("The token secrets of before", StringComparison.Ordinal));
        Assert.Equal(LogLevel.Warning, warning.Level);
        Assert.Contains(file.Path, warning.Text, StringComparison.Ordinal);
        if (content is { Length: > 0 }) Assert.DoesNotContain(content, warning.Text, StringComparison.Ordinal);

        file.Replace(Other);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(node, other));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(node, NodeFixture.Token()));
    }

    [Fact]
    public async Task File_OpenToOthers_IsNotBelievedUntilItIsClosed()
    {
        using var file = new SecretFile(NodeFixture.Secret);
        await using var node = await NodeFixture.StartAsync(NoSecret, file.Setting);
        var other = SandboxTokens.Generate("e1", TimeSpan.FromHours(1), Other);
        file.Replace(Other);
        File.SetUnixFileMode(file.Path, (UnixFileMode)0b110_100_100);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(node, other));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(node, NodeFixture.Token()));
        Assert.Single(node.Log.Lines, line => line.Text.Contains("is open to others than its owner", StringComparison.Ordinal));

        File.SetUnixFileMode(file.Path, (UnixFileMode)0b110_000_000);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(node, other));
    }

    [Fact]
    public void File_WrittenInPlaceWithSizeAndTimeOfBefore_IsNoticed()
    {
        using var file = new SecretFile(NodeFixture.Secret);
        var time = new ManualTimeProvider();
        var written = File.GetLastWriteTimeUtc(file.Path);
        using var loggers = LoggerFactory.Create(static _ => { });
        var tokens = new NodeTokens(Options.Create(new SecurityOptions { TokenSecretFile = file.Path }), time, loggers);
        var other = SandboxTokens.Generate("e1", TimeSpan.FromHours(1), Other, "t", ["execute"], time);
        Assert.Equal(NodeFixture.Secret.Length, Other.Length);
        Assert.False(tokens.TryValidate(other, out _, out _));

        File.WriteAllText(file.Path, Other + "\n");
        File.SetLastWriteTimeUtc(file.Path, written);

        Assert.True(tokens.TryValidate(other, out _, out _));
    }

    private static async Task<HttpStatusCode> AskAsync(NodeFixture node, string token)
    {
        using var response = await node.GetAsync("/sandbox/metrics", token);
        return response.StatusCode;
    }

    private static async Task<int> ListAsync(E2bNode node, string secret)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/sandboxes");
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Bearer", SandboxTokens.Generate("e1", TimeSpan.FromHours(1), secret, "tenant1", [SandboxTokens.SandboxesScope], node.Time));
        using var response = await node.Client.SendAsync(request, Cancelled);
        return (int)response.StatusCode;
    }
}
