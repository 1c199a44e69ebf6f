namespace MonkeyCoder.Isolation.Store;

/// <summary>Which file a loop device shows (<c>/sys/block/loopN/loop/backing_file</c>).</summary>
internal static class LoopBacking
{
    /// <summary>What the kernel puts behind the name of a file that has been removed.</summary>
    public const string DeletedSuffix = " (deleted)";

    /// <summary>Backing file of a device such as <c>/dev/loop3</c>, with <see cref="DeletedSuffix"/> where it has been removed; null where it has none.</summary>
    public static string? Find(string device)
    {
        var path = $"/sys/block/{Path.GetFileName(device)}/loop/backing_file";
        return File.Exists(path) ? File.ReadAllText(path).TrimEnd('\n') : null;
    }
}
