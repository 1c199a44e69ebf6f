using System.Text;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>Tokens and keys.</summary>
internal sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <value>Secret that signs and verifies tokens: at least 32 bytes. Required; the service does not start without it.</value>
    public Secret? TokenSecret { get; set; }

    /// <value>The secret before the last change, whose tokens still hold: at least 32 bytes. Default: none.</value>
    public Secret? PreviousTokenSecret { get; set; }

    /// <value>Longest time from now to a token's expiry, 1 minute to 366 days. Default 1 day.</value>
    public TimeSpan MaxTokenLife { get; set; } = TimeSpan.FromDays(1);

    /// <value>How far the clock of a token's maker may be ahead, 0 to 5 minutes. Default 30 seconds.</value>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>
    /// Checks of Python code before <c>/sandbox/execute</c> runs it: <c>off</c>, <c>audit</c> (findings are in the answer and in
    /// the security log) or <c>enforce</c> (code with an error among them is refused). A request may raise it. Default audit.
    /// </value>
    public CodeCheckLevel CodeChecks { get; set; } = CodeCheckLevel.Audit;
}

/// <summary>Refuses secrets that are missing, short or no secrets.</summary>
internal sealed class SecurityOptionsValidator : IValidateOptions<SecurityOptions>
{
    // 32 random hex digits have fewer than 8 different ones about once in 10^7.
    private const int MinDistinctCharacters = 8;

    public ValidateOptionsResult Validate(string? name, SecurityOptions options)
    {
        var checks = new OptionChecks(SecurityOptions.Section);
        if (options.TokenSecret is null)
        {
            checks.Fail(
                nameof(options.TokenSecret),
                $"is missing: set {SandboxTokens.SecretVariable} to a secret of at least {SandboxTokens.MinSecretBytes} bytes, "
                + "e.g. from 'openssl rand -hex 32' (./run makes one and keeps it in the state directory)");
        }

        CheckSecret(checks, nameof(options.TokenSecret), options.TokenSecret);
        CheckSecret(checks, nameof(options.PreviousTokenSecret), options.PreviousTokenSecret);
        checks.InRange(nameof(options.MaxTokenLife), options.MaxTokenLife, TimeSpan.FromMinutes(1), TimeSpan.FromDays(366));
        checks.InRange(nameof(options.ClockSkew), options.ClockSkew, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        if (!Enum.IsDefined(options.CodeChecks)) checks.Fail(nameof(options.CodeChecks), "must be off, audit or enforce");
        return checks.Result;
    }

    private static void CheckSecret(OptionChecks checks, string name, Secret? secret)
    {
        if (secret?.Reveal() is not { } text) return;
        var length = Encoding.UTF8.GetByteCount(text);
        if (length < SandboxTokens.MinSecretBytes)
            checks.Fail(name, $"has {length} bytes and needs at least {SandboxTokens.MinSecretBytes}: make one with 'openssl rand -hex 32'");
        else if (text.Distinct().Count() < MinDistinctCharacters)
            checks.Fail(name, "repeats itself and can be guessed: make one with 'openssl rand -hex 32'");
    }
}
