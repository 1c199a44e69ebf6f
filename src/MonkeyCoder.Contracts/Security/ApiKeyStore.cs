using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MonkeyCoder.Contracts.Security;

/// <summary>
/// The node's API keys in <c>keys.json</c> of the state directory, mode 0600. Changes are made by one process at a time and
/// appear at once and whole, so that readers need no lock.
/// </summary>
/// <param name="stateDirectory">E.g. <c>/var/lib/monkeycoder</c>; made where it does not exist.</param>
/// <param name="timeProvider">Clock of the records, and of waiting for the lock.</param>
public sealed class ApiKeyStore(string stateDirectory, TimeProvider timeProvider)
{
    /// <summary>First characters of every key.</summary>
    public const string Prefix = "e2b_";

    /// <summary>Name of the file in the state directory.</summary>
    public const string FileName = "keys.json";

    private const int SecretHexDigits = 40;
    private const int IdHexDigits = 8;
    private const int MaxName = 100;
    private const long MaxFileBytes = 64 * 1024 * 1024;

    private readonly PrivateFile _file = new(Path.Combine(stateDirectory, FileName), timeProvider);

    /// <summary>Where the keys are.</summary>
    public string FilePath { get; } = Path.Combine(stateDirectory, FileName);

    /// <summary>Whether the text has the form of a key.</summary>
    public static bool IsWellFormed(string? key)
    {
        if (key is not { Length: SecretHexDigits + 4 } || !key.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        foreach (var c in key.AsSpan(Prefix.Length))
            if (c is not ((>= '0' and <= '9') or (>= 'a' and <= 'f'))) return false;
        return true;
    }

    /// <summary>What the file keeps of a key: SHA-256 in lowercase hex. Keys are random, so no slow hash is needed.</summary>
    public static string HashOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(key)));

    /// <summary>All keys in order of creation, revoked ones too; none where there is no file yet.</summary>
    /// <exception cref="InvalidDataException">The file is not one of this format.</exception>
    public IReadOnlyList<ApiKeyRecord> List() => Read().Keys;

    /// <summary>Makes a key.</summary>
    /// <param name="name">1 to 100 printable characters.</param>
    /// <param name="tenant">See <see cref="TokenNames.IsTenant"/>; <see cref="SandboxTokens.DefaultTenant"/> by default.</param>
    /// <param name="cancellationToken">Gives up waiting for another process's change.</param>
    public async Task<CreatedApiKey> CreateAsync(string name, string tenant, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(name) || name.Length > MaxName || name.Any(char.IsControl))
            throw new ArgumentException($"A key's name is 1 to {MaxName} printable characters.", nameof(name));
        if (!TokenNames.IsTenant(tenant)) throw new ArgumentException(TokenNames.TenantRule, nameof(tenant));
        var key = Prefix + RandomNumberGenerator.GetHexString(SecretHexDigits, lowercase: true);
        var record = new ApiKeyRecord(
            RandomNumberGenerator.GetHexString(IdHexDigits, lowercase: true), name, tenant, HashOf(key), key[^4..],
            timeProvider.GetUtcNow(), RevokedAt: null);
        using (await LockAsync(cancellationToken).ConfigureAwait(false))
        {
            var document = Read();
            Write(document with { Keys = [.. document.Keys, record] });
        }

        return new CreatedApiKey(key, record);
    }

    /// <summary>Makes keys stop to hold at once.</summary>
    /// <param name="idOrName">A key's id, or a name: then every key of that name.</param>
    /// <param name="cancellationToken">Gives up waiting for another process's change.</param>
    /// <returns>The records that were revoked; none where nothing matched that held.</returns>
    public async Task<IReadOnlyList<ApiKeyRecord>> RevokeAsync(string idOrName, CancellationToken cancellationToken)
    {
        using (await LockAsync(cancellationToken).ConfigureAwait(false))
        {
            var document = Read();
            var now = timeProvider.GetUtcNow();
            var keys = document.Keys.Select(key => Matches(key, idOrName) ? key with { RevokedAt = now } : key).ToArray();
            var revoked = keys.Except(document.Keys).ToArray();
            if (revoked.Length > 0) Write(document with { Keys = keys });
            return revoked;
        }
    }

    private static bool Matches(ApiKeyRecord key, string idOrName) =>
        key.RevokedAt is null && (key.Id == idOrName || key.Name == idOrName);

    private ApiKeyDocument Read()
    {
        try
        {
            using var stream = File.OpenRead(FilePath);
            if (stream.Length > MaxFileBytes) throw new InvalidDataException($"{FilePath} is larger than a key file can be.");
            var document = JsonSerializer.Deserialize(stream, ApiKeyJson.Default.ApiKeyDocument);
            return document is { Version: ApiKeyDocument.CurrentVersion }
                ? document
                : throw new InvalidDataException($"{FilePath} is not a key file of version {ApiKeyDocument.CurrentVersion}.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{FilePath} is damaged; restore it, or remove it and make new keys.", exception);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return ApiKeyDocument.Empty;
        }
    }

    private void Write(ApiKeyDocument document) =>
        _file.Replace(stream => JsonSerializer.Serialize(stream, document, ApiKeyJson.Default.ApiKeyDocument));

    private Task<IDisposable> LockAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(stateDirectory);
        return _file.LockAsync(cancellationToken);
    }
}
