namespace MonkeyCoder.Isolation.Store;

/// <summary>Where the node's store lies and how large it may grow.</summary>
public sealed record StoreSettings
{
    /// <value>Directory of the node's state; the store is below it. Default <c>/var/lib/monkeycoder</c>.</value>
    public string StateDirectory { get; init; } = "/var/lib/monkeycoder";

    /// <value>
    /// Size of the store's file system in bytes, at least 256 MiB; used when the file is made, once. The file is sparse.
    /// Default: 64 GiB, or 80 % of the free space where that is less.
    /// </value>
    public long? SizeBytes { get; init; }
}
