using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;
using MonkeyCoder.Sandbox.Hosting;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Hosting;

public sealed class OptionsTests
{
    private const string Good = "--Security:TokenSecret=" + NodeFixture.Secret;

    [Fact]
    public void Validate_Defaults_NeedOnlyTheSecret() => Assert.Empty(Failures(Good));

    [Fact]
    public void Validate_NoSecret_SaysHowToMakeOne()
    {
        var failure = Assert.Single(Failures());

        Assert.StartsWith("Security:TokenSecret (SANDBOX_TOKEN_SECRET) is missing", failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short", "has 5 bytes and needs at least 32")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "repeats itself")]
    public void Validate_SecretThatIsNone_IsRefusedWithoutShowingIt(string secret, string why)
    {
        var failure = Assert.Single(Failures("--Security:TokenSecret=" + secret));

        Assert.Contains(why, failure, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "has no secret in it")]
    [InlineData("short", "has a first secret that has 5 bytes")]
    [InlineData("0123456789abcdef0123456789abcdef\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "has a second secret that repeats itself")]
    public void Validate_SecretFileWithoutASecret_IsRefusedWithoutShowingIt(string content, string why)
    {
        using var file = new SecretFile(content);

        var failure = Assert.Single(Failures(file.Setting));

        Assert.StartsWith($"Security:TokenSecretFile (SANDBOX_TOKEN_SECRET_FILE) is '{file.Path}', which {why}", failure, StringComparison.Ordinal);
        Assert.All(content.Split('\n', StringSplitOptions.RemoveEmptyEntries), secret => Assert.DoesNotContain(secret, failure, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0b110_100_000)]
    [InlineData(0b110_000_100)]
    [InlineData(0b110_010_000)]
    public void Validate_SecretFileThatOthersCanOpen_IsRefused(int mode)
    {
        using var file = new SecretFile(NodeFixture.Secret);
        File.SetUnixFileMode(file.Path, (UnixFileMode)mode);

        Assert.Contains("is open to others than its owner", Assert.Single(Failures(file.Setting)), StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_SecretFileOfAnotherUser_IsRefused()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can give a file away.");
        using var file = new SecretFile(NodeFixture.Secret);
        Assert.Equal(0, Libc.TryChangeOwner(file.Path, 1234, 0));

        Assert.Contains("belongs to uid 1234", Assert.Single(Failures(file.Setting)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nowhere/secret", "which does not exist")]
    [InlineData("/dev", "which is no regular file")]
    [InlineData("secret", "must be an absolute path")]
    public void Validate_SecretFileThatIsNone_IsRefused(string path, string why) =>
        Assert.Contains(why, Assert.Single(Failures("--Security:TokenSecretFile=" + path)), StringComparison.Ordinal);

    [Fact]
    public void Validate_SecretFileBesideASecret_IsRefused()
    {
        using var file = new SecretFile(NodeFixture.Secret);

        Assert.Empty(Failures(file.Setting));
        Assert.Equal(
            [
                "Security:TokenSecret (SANDBOX_TOKEN_SECRET) is set beside SANDBOX_TOKEN_SECRET_FILE: keep one of the two.",
                "Security:PreviousTokenSecret (SANDBOX_TOKEN_SECRET_PREVIOUS) is set beside SANDBOX_TOKEN_SECRET_FILE: "
                + "write it into the file as the second line.",
            ],
            Failures(file.Setting, Good, "--Security:PreviousTokenSecret=fedcba9876543210fedcba9876543210"));
    }

    [Fact]
    public void Validate_SeveralMistakes_AreAllShownWithTheirKeys()
    {
        var failures = Failures(
            "--Hosting:Port=70000", "--Hosting:Host=nowhere", "--Limits:MemoryMb=1", "--Storage:StateDirectory=relative",
            "--Executions:DefaultTimeout=02:00:00");

        Assert.Equal(
            [
                "Executions:DefaultTimeout", "Hosting:Host (SANDBOX_HOST)", "Hosting:Port (SANDBOX_PORT)",
                "Limits:MemoryMb (SANDBOX_MAX_MEMORY_MB)", "Security:TokenSecret (SANDBOX_TOKEN_SECRET)",
                "Storage:StateDirectory (MONKEY_STATE_DIR)",
            ],
            failures.Select(failure => failure.Split(" is ")[0]).Order(StringComparer.Ordinal));
    }

    private static IReadOnlyList<string> Failures(params string[] args)
    {
        try
        {
            SandboxHost.Build(args, services => services.AddSingleton<ISandboxEngine>(new FakeSandboxEngine()));
            return [];
        }
        catch (OptionsValidationException invalid)
        {
            return [.. invalid.Failures];
        }
        catch (AggregateException several)
        {
            return [.. several.InnerExceptions.Cast<OptionsValidationException>().SelectMany(invalid => invalid.Failures)];
        }
    }
}
