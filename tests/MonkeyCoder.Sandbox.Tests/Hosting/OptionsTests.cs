using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;
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
