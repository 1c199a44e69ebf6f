using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>Tokens and keys.</summary>
internal sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <value>
    /// File with the secrets of tokens, one a line: the first signs and verifies, a second one verifies only. It is looked at
    /// with every token, so that a change needs no restart (<c>monkey secret rotate</c>, <c>monkey secret retire</c>); while its
    /// content does not do, the secrets of before stay in force. An absolute path; owned by root or the service's user, and
    /// closed to all others. This or <c>Security:TokenSecret</c> is required; the service does not start without it.
    /// </value>
    public string? TokenSecretFile { get; set; }

    /// <value>
    /// Secret that signs and verifies tokens: at least 32 bytes. Only where there is no <c>Security:TokenSecretFile</c>; a change
    /// needs a restart.
    /// </value>
    public Secret? TokenSecret { get; set; }

    /// <value>The secret before <c>Security:TokenSecret</c>, whose tokens still hold: at least 32 bytes. Default: none.</value>
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
    public ValidateOptionsResult Validate(string? name, SecurityOptions options)
    {
        var checks = new OptionChecks(SecurityOptions.Section);
        if (!string.IsNullOrEmpty(options.TokenSecretFile))
        {
            CheckFile(checks, options, options.TokenSecretFile);
        }
        else if (options.TokenSecret is null)
        {
            checks.Fail(
                nameof(options.TokenSecret),
                $"is missing: set {SandboxTokens.SecretFileVariable} to a file with a secret of at least {SandboxTokens.MinSecretBytes} bytes "
                + $"in it, or {SandboxTokens.SecretVariable} to one, e.g. from 'openssl rand -hex 32' (./run makes such a file in the state directory)");
        }

        CheckSecret(checks, nameof(options.TokenSecret), options.TokenSecret);
        CheckSecret(checks, nameof(options.PreviousTokenSecret), options.PreviousTokenSecret);
        checks.InRange(nameof(options.MaxTokenLife), options.MaxTokenLife, TimeSpan.FromMinutes(1), TimeSpan.FromDays(366));
        checks.InRange(nameof(options.ClockSkew), options.ClockSkew, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        if (!Enum.IsDefined(options.CodeChecks)) checks.Fail(nameof(options.CodeChecks), "must be off, audit or enforce");
        return checks.Result;
    }

    private static void CheckFile(OptionChecks checks, SecurityOptions options, string path)
    {
        if (options.TokenSecret is not null)
            checks.Fail(nameof(options.TokenSecret), $"is set beside {SandboxTokens.SecretFileVariable}: keep one of the two");
        if (options.PreviousTokenSecret is not null)
            checks.Fail(nameof(options.PreviousTokenSecret), $"is set beside {SandboxTokens.SecretFileVariable}: write it into the file as the second line");
        if (!Path.IsPathFullyQualified(path)) checks.IsAbsolutePath(nameof(options.TokenSecretFile), path);
        else if (SecretFileReader.Read(path).Fault is { } fault) checks.Fail(nameof(options.TokenSecretFile), $"is '{path}', which {fault}");
    }

    private static void CheckSecret(OptionChecks checks, string name, Secret? secret)
    {
        if (secret is not null && TokenSecrets.FaultOf(secret.Reveal()) is { } fault) checks.Fail(name, fault);
    }
}
