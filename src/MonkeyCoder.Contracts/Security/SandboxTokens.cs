using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MonkeyCoder.Contracts.Security;

/// <summary>Makes the tokens of the sandbox service: JWT (RFC 7519) signed with HS256 and the node's secret.</summary>
public static class SandboxTokens
{
    /// <summary>Environment variable with the secret, shared by the service and whoever makes tokens.</summary>
    public const string SecretVariable = "SANDBOX_TOKEN_SECRET";

    /// <summary>Environment variable with the absolute path of a file that has the secret instead; see <see cref="TokenSecrets"/>.</summary>
    public const string SecretFileVariable = "SANDBOX_TOKEN_SECRET_FILE";

    /// <summary>Shortest secret, in bytes of UTF-8.</summary>
    public const int MinSecretBytes = 32;

    /// <summary>Tenant of a token that names none.</summary>
    public const string DefaultTenant = "default";

    /// <summary>May run cells.</summary>
    public const string ExecuteScope = "execute";

    /// <summary>May remove the tenant's kept sandboxes.</summary>
    public const string CleanupScope = "cleanup";

    /// <summary>May read the node's overview.</summary>
    public const string MetricsScope = "metrics";

    /// <summary>May use the tenant's sandboxes through the E2B API, as a key does.</summary>
    public const string SandboxesScope = "sandboxes";

    // {"alg":"HS256","typ":"JWT"}
    private const string Header = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

    private const int TokenIdBytes = 16;

    /// <summary>What a token may do unless more is asked for: everything about executions, nothing beyond.</summary>
    public static IReadOnlyList<string> ExecutionScopes { get; } = [ExecuteScope, CleanupScope, MetricsScope];

    /// <summary>All scopes there are; an API key has them.</summary>
    public static IReadOnlyList<string> AllScopes { get; } = [.. ExecutionScopes, SandboxesScope];

    /// <summary>A token for one execution of the tenant <c>default</c>, with <see cref="ExecutionScopes"/>, signed with <c>SANDBOX_TOKEN_SECRET</c>, or else the file of <c>SANDBOX_TOKEN_SECRET_FILE</c>.</summary>
    /// <param name="executionId">Subject: the execution that it authorises.</param>
    /// <param name="expiresIn">Life from now; the service refuses more than its <c>Security:MaxTokenLife</c>, by default 24 h.</param>
    /// <returns>The token, for <c>Authorization: Bearer</c>.</returns>
    /// <exception cref="InvalidOperationException">The environment has no secret, or one that is too short.</exception>
    public static string Generate(string executionId, TimeSpan expiresIn) =>
        Generate(executionId, expiresIn, SecretFromEnvironment() ?? "", DefaultTenant, ExecutionScopes, TimeProvider.System);

    /// <inheritdoc cref="Generate(string, TimeSpan)"/>
    /// <param name="executionId">Subject: the execution that it authorises.</param>
    /// <param name="expiresIn">Life from now.</param>
    /// <param name="secret">At least <see cref="MinSecretBytes"/> bytes of UTF-8.</param>
    public static string Generate(string executionId, TimeSpan expiresIn, string secret) =>
        Generate(executionId, expiresIn, secret, DefaultTenant, ExecutionScopes, TimeProvider.System);

    /// <inheritdoc cref="Generate(string, TimeSpan)"/>
    /// <param name="executionId">Subject: the execution that it authorises.</param>
    /// <param name="expiresIn">Life from now, above zero.</param>
    /// <param name="secret">At least <see cref="MinSecretBytes"/> bytes of UTF-8.</param>
    /// <param name="tenant">Whose sandboxes it may use.</param>
    /// <param name="scopes">What it may do: some of <see cref="AllScopes"/>.</param>
    /// <param name="timeProvider">Clock of <c>iat</c> and <c>exp</c>.</param>
    public static string Generate(
        string executionId, TimeSpan expiresIn, string secret, string tenant, IEnumerable<string> scopes,
        TimeProvider timeProvider)
    {
        ArgumentException.ThrowIfNullOrEmpty(executionId);
        ArgumentOutOfRangeException.ThrowIfLessThan(expiresIn, TimeSpan.FromSeconds(1));
        ArgumentException.ThrowIfNullOrEmpty(tenant);
        ArgumentNullException.ThrowIfNull(scopes);
        ArgumentNullException.ThrowIfNull(timeProvider);
        if (!TokenNames.IsExecutionId(executionId))
            throw new ArgumentException(TokenNames.ExecutionIdRule, nameof(executionId));
        if (!TokenNames.IsTenant(tenant)) throw new ArgumentException(TokenNames.TenantRule, nameof(tenant));

        var key = KeyOf(secret);
        var now = timeProvider.GetUtcNow().ToUnixTimeSeconds();
        var payload = WritePayload(executionId, tenant, scopes, now, now + (long)Math.Ceiling(expiresIn.TotalSeconds));
        var signed = $"{Header}.{Base64Url.EncodeToString(payload)}";
        var mac = HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(signed));
        return $"{signed}.{Base64Url.EncodeToString(mac)}";
    }

    /// <summary>The secret as a key.</summary>
    /// <exception cref="InvalidOperationException">It is missing or too short.</exception>
    public static byte[] KeyOf(string? secret)
    {
        var key = Encoding.UTF8.GetBytes(secret ?? "");
        if (key.Length < MinSecretBytes)
        {
            throw new InvalidOperationException(
                $"{SecretVariable} must be set to a secret of at least {MinSecretBytes} bytes (it has {key.Length}); "
                + "make one with 'openssl rand -hex 32', or let ./run do it.");
        }

        return key;
    }

    // The one place outside the services' setup that reads the environment: the signature of the short Generate says so.
    private static string? SecretFromEnvironment()
    {
        if (Environment.GetEnvironmentVariable(SecretVariable) is { Length: > 0 } secret) return secret;
        if (Environment.GetEnvironmentVariable(SecretFileVariable) is not { Length: > 0 } path) return null;
        try
        {
            return TokenSecrets.Parse(File.ReadAllText(path), out var fault)?.Current
                ?? throw new InvalidOperationException($"The token secret file {path} {fault}.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"The token secret file {path} cannot be read: {exception.Message}", exception);
        }
    }

    private static byte[] WritePayload(string executionId, string tenant, IEnumerable<string> scopes, long now, long expires)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString(TokenClaims.SubjectName, executionId);
            writer.WriteString(TokenClaims.TenantName, tenant);
            writer.WriteStartArray(TokenClaims.ScopesName);
            foreach (var scope in scopes) writer.WriteStringValue(scope);
            writer.WriteEndArray();
            writer.WriteNumber(TokenClaims.IssuedAtName, now);
            writer.WriteNumber(TokenClaims.ExpiresName, expires);
            writer.WriteString(TokenClaims.TokenIdName, RandomNumberGenerator.GetHexString(TokenIdBytes * 2, lowercase: true));
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }
}
