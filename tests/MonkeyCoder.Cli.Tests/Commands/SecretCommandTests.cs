using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Cli.Tests.Commands;

public sealed class SecretCommandTests
{
    private const string Secret = "0123456789abcdef0123456789abcdef";
    private const string Other = "fedcba9876543210fedcba9876543210";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RotateThenRetire_TokensOfTheCommandLine_AreSignedByTheNewSecret()
    {
        await using var cli = await CliFixture.CreateAsync();
        var path = cli.Write("secret", Secret);
        var before = await TokenAsync(cli);

        Assert.Equal(0, await cli.RunAsync("secret", "rotate"));
        var after = await TokenAsync(cli);
        Assert.All([before, after], token => Assert.True(Holds(path, token)));
        Assert.False(IsSignedBy([Secret], after));

        Assert.Equal(0, await cli.RunAsync("secret", "retire"));
        Assert.False(Holds(path, before));
        Assert.True(Holds(path, after));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task RotateAndRetire_NoneOfTheSecrets_IsPrinted()
    {
        await using var cli = await CliFixture.CreateAsync();
        var path = cli.Write("secret", Secret);

        Assert.Equal(0, await cli.RunAsync("secret", "rotate"));
        var secrets = await File.ReadAllLinesAsync(path, Cancelled);
        Assert.Equal(1, await cli.RunAsync("secret", "rotate"));
        Assert.Equal(0, await cli.RunAsync("secret", "retire"));

        Assert.Equal(2, secrets.Length);
        Assert.Empty(cli.Out);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, cli.Error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Rotate_SecretBeforeStillThere_IsRefusedUnlessForced()
    {
        await using var cli = await CliFixture.CreateAsync();
        var path = cli.Write("secret", Secret + "\n" + Other + "\n");

        Assert.Equal(1, await cli.RunAsync("secret", "rotate"));
        Assert.Contains("'monkey secret retire' first", cli.Error, StringComparison.Ordinal);
        Assert.Equal(Secret + "\n" + Other + "\n", await File.ReadAllTextAsync(path, Cancelled));

        Assert.Equal(0, await cli.RunAsync("secret", "rotate", "--force"));
        Assert.Equal(Secret, (await File.ReadAllLinesAsync(path, Cancelled))[1]);
    }

    [Fact]
    public async Task Retire_NothingToRetire_SaysSo()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Write("secret", Secret);

        Assert.Equal(1, await cli.RunAsync("secret", "retire"));
        Assert.Contains("there is none to retire", cli.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rotate")]
    [InlineData("retire")]
    public async Task Change_FileNamedInTheEnvironment_IsTheOneChanged(string change)
    {
        await using var cli = await CliFixture.CreateAsync();
        var kept = cli.Write("secret", Secret);
        var named = cli.Write("named", change == "rotate" ? Other : Other + "\n" + Secret);
        cli.Environment["SANDBOX_TOKEN_SECRET_FILE"] = named;

        Assert.Equal(0, await cli.RunAsync("secret", change));

        Assert.Equal(Secret, await File.ReadAllTextAsync(kept, Cancelled));
        Assert.Equal(change == "rotate" ? 2 : 1, (await File.ReadAllLinesAsync(named, Cancelled)).Length);
        Assert.True(Holds(named, await TokenAsync(cli)));
    }

    [Theory]
    [InlineData("rotate")]
    [InlineData("retire")]
    public async Task Change_SecretOfTheEnvironment_SaysThatItIsNotInAFile(string change)
    {
        await using var cli = await CliFixture.CreateAsync();
        var path = cli.Write("secret", Secret + "\n" + Other);
        cli.Environment["SANDBOX_TOKEN_SECRET"] = Other;

        Assert.Equal(3, await cli.RunAsync("secret", change));

        Assert.Contains("does not come from a file, but from SANDBOX_TOKEN_SECRET", cli.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Other, cli.Error, StringComparison.Ordinal);
        Assert.Equal(Secret + "\n" + Other, await File.ReadAllTextAsync(path, Cancelled));
    }

    [Theory]
    [InlineData(null, "There is no token secret file")]
    [InlineData("short", "has a first secret that has 5 bytes")]
    public async Task Change_NoFileOrADamagedOne_IsRefused(string? content, string why)
    {
        await using var cli = await CliFixture.CreateAsync();
        if (content is not null) cli.Write("secret", content);

        Assert.Equal(3, await cli.RunAsync("secret", "rotate"));
        Assert.Contains(why, cli.Error, StringComparison.Ordinal);
        Assert.Equal(3, await cli.RunAsync("token", "e-1"));
        Assert.Empty(cli.Out);
        Assert.EndsWith(content is null ? $"there is none to read in {cli.Directory.FullName}/secret.\n" : why + " and needs at least 32: make one with 'openssl rand -hex 32'.\n", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Change_FileOfAnotherUser_IsLeftToThatUser()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can give a file away.");
        await using var cli = await CliFixture.CreateAsync();
        var path = cli.Write("secret", Secret);
        Assert.Equal(0, Libc.TryChangeOwner(path, 1234, 0));

        Assert.Equal(3, await cli.RunAsync("secret", "rotate"));
        Assert.Contains("belongs to uid 1234", cli.Error, StringComparison.Ordinal);
        Assert.Equal(Secret, await File.ReadAllTextAsync(path, Cancelled));
    }

    [Theory]
    [InlineData("rotate", "Tokens of the old one hold until it is retired")]
    [InlineData("retire", "tokens of the old secret no longer hold")]
    public async Task Help_OfEachChange_SaysWhatBecomesOfTokens(string change, string what)
    {
        await using var cli = await CliFixture.CreateAsync();

        Assert.Equal(0, await cli.RunAsync("secret", change, "--help"));
        Assert.Contains(what, string.Join(' ', cli.Out.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    private static async Task<string> TokenAsync(CliFixture cli)
    {
        var before = cli.Out.Length;
        Assert.Equal(0, await cli.RunAsync("token", "e-1", "--expires-in", "60"));
        return cli.Out[before..].Trim();
    }

    private static bool Holds(string path, string token) => IsSignedBy(new TokenSecretStore(path, TimeProvider.System).Read().Verifying, token);

    private static bool IsSignedBy(IReadOnlyList<string> secrets, string token) =>
        new TokenValidator(secrets, TimeSpan.FromDays(1), TimeSpan.Zero, TimeProvider.System).TryValidate(token, out _, out _);
}
