using System.Text.Json;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Cli.Tests.Commands;

public sealed class KeyAndTokenCommandTests
{
    private const string Secret = "0123456789abcdef0123456789abcdef";

    [Fact]
    public async Task Token_SecretInEnvironment_PrintsOneLine()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Environment["SANDBOX_TOKEN_SECRET"] = Secret;

        Assert.Equal(0, await cli.RunAsync("token", "e-1", "--expires-in", "60"));
        Assert.Matches(@"^[\w-]+\.[\w-]+\.[\w-]+\n$", cli.Out);
        Assert.Empty(cli.Error);
    }

    [Fact]
    public async Task Token_SecretInStateDirectory_IsUsed()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Write("secret", Secret + "\n");

        Assert.Equal(0, await cli.RunAsync("token", "e-1"));
    }

    [Theory]
    [InlineData(null, "e-1", 3)]
    [InlineData("short", "e-1", 3)]
    [InlineData(Secret, "not an id", 2)]
    public async Task Token_CannotBeMade_SaysWhy(string? secret, string executionId, int exitCode)
    {
        await using var cli = await CliFixture.CreateAsync();
        if (secret is not null) cli.Environment["SANDBOX_TOKEN_SECRET"] = secret;

        Assert.Equal(exitCode, await cli.RunAsync("token", executionId));
        Assert.Empty(cli.Out);
        Assert.NotEmpty(cli.Error);
        Assert.DoesNotContain("Parameter", cli.Error, StringComparison.Ordinal);
        if (secret is not null) Assert.DoesNotContain(secret, cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_ForLongerThanAServiceTakes_SaysSoBesideIt()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Environment["SANDBOX_TOKEN_SECRET"] = Secret;

        Assert.Equal(0, await cli.RunAsync("token", "e-1", "--expires-in", "86401"));
        Assert.Matches(@"^[\w-]+\.[\w-]+\.[\w-]+\n$", cli.Out);
        Assert.Contains("Security:MaxTokenLife", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_NameThatIsNone_SaysWhatANameIs()
    {
        await using var cli = await CliFixture.CreateAsync();

        Assert.Equal(2, await cli.RunAsync("keys", "create", "--name", ""));
        Assert.Contains("printable characters", cli.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_CreateListRevoke_GoTogether()
    {
        await using var cli = await CliFixture.CreateAsync();

        Assert.Equal(0, await cli.RunAsync("keys", "create", "--name", "mine"));
        var key = cli.Out.Trim();
        Assert.True(ApiKeyStore.IsWellFormed(key));
        Assert.Equal(0, await cli.RunAsync("keys", "list", "--json"));
        using var list = JsonDocument.Parse(cli.Out[(key.Length + 1)..]);
        Assert.Equal("mine", list.RootElement[0].GetProperty("name").GetString());
        Assert.DoesNotContain(key, list.RootElement.GetRawText(), StringComparison.Ordinal);
        Assert.Equal(0, await cli.RunAsync("keys", "revoke", "mine"));
        Assert.Equal(1, await cli.RunAsync("keys", "revoke", "mine"));
        Assert.Equal(0, await cli.RunAsync("keys", "list"));
        Assert.Contains("revoked", cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnyCommand_RootWithoutKey_MakesOneAndKeepsIt()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root has a key of the node's own.");
        await using var cli = await CliFixture.CreateAsync();
        cli.Environment.Remove("E2B_API_KEY");
        cli.Service.Map("GET /v2/sandboxes", static context => FakeSandboxService.JsonAsync(context, 200, "[]"));

        Assert.Equal(0, await cli.RunAsync("ps"));
        Assert.Equal(0, await cli.RunAsync("ps"));
        Assert.Equal(0, await cli.RunAsync("keys", "revoke", "cli"));
        Assert.Equal(0, await cli.RunAsync("ps"));

        var keys = cli.Service.Requests.Select(static request => request.Headers["X-API-KEY"]).ToArray();
        Assert.Equal(keys[0], keys[1]);
        Assert.NotEqual(keys[1], keys[2]);
        var file = new FileInfo(Path.Combine(cli.Directory.FullName, "cli.key"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, file.UnixFileMode);
    }
}
