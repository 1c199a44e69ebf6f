using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Which limit of the sandbox ended a cell, judged by what was measured around it.</summary>
internal static class LimitVerdict
{
    public const string Memory = "memory";
    public const string Disk = "disk";
    public const string Processes = "processes";
    public const string OpenFiles = "open_files";

    // A quota refuses the write that would pass it, so a full disk stays a little below its limit.
    private const double FullShare = 0.97;

    /// <summary>The limit that made a cell fail or its kernel die; null where it was none.</summary>
    /// <param name="before">Read before the cell.</param>
    /// <param name="after">Measured after it.</param>
    /// <param name="limits">The sandbox's limits.</param>
    /// <param name="error">What the code raised; null where its kernel died.</param>
    public static string? Of(SandboxFailures before, SandboxUsage after, SandboxLimits limits, CellError? error)
    {
        if (after.OomKills > before.OomKills) return Memory;
        // Where no quota refuses the write, what wrote too much is killed.
        var isOverFiles = error is null && after.Full?.Contains(SandboxUsage.TooManyFiles) == true;
        if ((error is not null && IsDiskFull(error)) || isOverFiles || after.DiskUsedBytes >= limits.DiskBytes * FullShare) return Disk;
        if (error is not null && after.ForkFailures > before.ForkFailures) return Processes;
        return error is not null && IsOutOfFiles(error) ? OpenFiles : null;
    }

    // EMFILE is 24.
    private static bool IsOutOfFiles(CellError error) =>
        error.Value.Contains("[Errno 24]", StringComparison.Ordinal)
        || error.Value.Contains("EMFILE", StringComparison.Ordinal)
        || error.Value.Contains("Too many open files", StringComparison.Ordinal);

    // ENOSPC is 28 and EDQUOT 122 (errno(3)); Python prints the number, Node the name, the shell the text.
    public static bool IsDiskFull(CellError error) =>
        error.Value.Contains("[Errno 28]", StringComparison.Ordinal)
        || error.Value.Contains("[Errno 122]", StringComparison.Ordinal)
        || error.Value.Contains("ENOSPC", StringComparison.Ordinal)
        || error.Value.Contains("EDQUOT", StringComparison.Ordinal)
        || error.Value.Contains("No space left on device", StringComparison.Ordinal)
        || error.Value.Contains("Disk quota exceeded", StringComparison.Ordinal);
}
