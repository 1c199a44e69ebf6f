using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>
/// Checks bearer tokens by the secrets that hold now. Where they come from a file, it is looked at with every token (one
/// stat(2)) and read again when it has changed, so that a token of a new secret holds at once, and one of a retired secret
/// no longer. A file that does not do leaves the secrets of before in force; it is tried again when it changes, and once a
/// second. The tokens of single sandboxes do not depend on these secrets: see <see cref="SandboxTokenKeys"/>.
/// </summary>
internal sealed class NodeTokens
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly SecurityOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _security;
    private readonly string? _path;
    private readonly Lock _gate = new();

    // Replaced as a whole, under _gate; read without it.
    private volatile InForce _current;

    // Under _gate: what the file was when it last did not do.
    private Refusal? _refused;

    /// <exception cref="OptionsValidationException">The file has changed since the options were checked, and does not do.</exception>
    public NodeTokens(IOptions<SecurityOptions> options, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options.Value;
        _time = time;
        _security = loggers.CreateLogger(SecurityLog.Category);
        _path = string.IsNullOrEmpty(_options.TokenSecretFile) ? null : _options.TokenSecretFile;
        if (_path is null)
        {
            _current = new InForce(default, Validator([_options.TokenSecret!, _options.PreviousTokenSecret]));
            return;
        }

        var reading = SecretFileReader.Read(_path);
        if (reading.Secrets is null)
            throw new OptionsValidationException(SecurityOptions.Section, typeof(SecurityOptions), [$"The token secret file {_path} {reading.Fault}."]);
        _current = new InForce(reading.Status, Validator(reading.Secrets.Verifying));
    }

    /// <inheritdoc cref="TokenValidator.TryValidate"/>
    public bool TryValidate(string token, [NotNullWhen(true)] out TokenClaims? claims, [NotNullWhen(false)] out string? reason) =>
        Fresh().Validator.TryValidate(token, out claims, out reason);

    private InForce Fresh()
    {
        if (_path is null) return _current;
        // Where it is gone, the status is all zero, which no file that did has.
        _ = Libc.TryStatus(_path, followLink: true, out var status);
        if (status == _current.Status) return _current;
        lock (_gate)
        {
            if (status == _current.Status) return _current;
            if (_refused is { } refused && refused.Status == status && _time.GetElapsedTime(refused.At) < Retry) return _current;
            return Load(_path, status);
        }
    }

    /// <summary>The caller holds the gate.</summary>
    private InForce Load(string path, FileStatus status)
    {
        var reading = SecretFileReader.Read(path);
        if (reading.Secrets is { } secrets)
        {
            _refused = null;
            _current = new InForce(reading.Status, Validator(secrets.Verifying));
            _security.SecretsLoaded(secrets.Verifying.Count);
            return _current;
        }

        // Once for each state of the file, however often it is tried.
        if (_refused?.Status != status || _refused.Fault != reading.Fault) _security.SecretsKept(path, reading.Fault!);
        _refused = new Refusal(status, reading.Fault, _time.GetTimestamp());
        return _current;
    }

    private TokenValidator Validator(IEnumerable<Secret?> secrets) =>
        Validator([.. secrets.OfType<Secret>().Select(static secret => secret.Reveal())]);

    private TokenValidator Validator(IReadOnlyList<string> secrets) =>
        new(secrets, _options.MaxTokenLife, _options.ClockSkew, _time);

    private sealed record InForce(FileStatus Status, TokenValidator Validator);

    private sealed record Refusal(FileStatus Status, string? Fault, long At);
}
