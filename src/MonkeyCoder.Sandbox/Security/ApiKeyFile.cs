using System.Security.Cryptography;
using System.Text;
using MonkeyCoder.Contracts.Security;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>
/// The keys of <see cref="ApiKeyStore"/>, read again when the file has changed: one stat(2) a request. A file that cannot
/// be read means that no key holds.
/// </summary>
internal sealed class ApiKeyFile(ApiKeyStore store, ILoggerFactory loggers) : IApiKeys
{
    private readonly ILogger _security = loggers.CreateLogger(SecurityLog.Category);
    private readonly Lock _gate = new();

    // Replaced as a whole, under _gate; read without it.
    private volatile Snapshot _current = new(default, []);

    public ApiKey? Authenticate(string? key)
    {
        if (!ApiKeyStore.IsWellFormed(key)) return null;
        // The lookup is by hash, so that its timing says nothing about the key.
        var hash = ApiKeyStore.HashOf(key!);
        if (!Fresh().ByHash.TryGetValue(hash, out var record)) return null;
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(record.Sha256))
            ? new ApiKey(record.Id, record.Name, record.Tenant)
            : null;
    }

    private Snapshot Fresh()
    {
        var stamp = Stamp();
        var current = _current;
        if (stamp == current.Stamp) return current;
        lock (_gate)
        {
            return stamp == _current.Stamp ? _current : _current = Load(stamp);
        }
    }

    private (DateTime Written, long Length) Stamp()
    {
        var file = new FileInfo(store.FilePath);
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }

    private Snapshot Load((DateTime Written, long Length) stamp)
    {
        try
        {
            var keys = store.List().Where(key => key.RevokedAt is null).DistinctBy(key => key.Sha256).ToDictionary(key => key.Sha256);
            _security.KeysLoaded(keys.Count);
            return new Snapshot(stamp, keys);
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            _security.KeysUnreadable(exception.Message);
            return new Snapshot(stamp, []);
        }
    }

    private sealed record Snapshot((DateTime Written, long Length) Stamp, Dictionary<string, ApiKeyRecord> ByHash);
}
