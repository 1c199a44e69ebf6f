using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Says what was full, where a cell ended for want of room: the number of files, the root, or a volume with a limit of its own.</summary>
internal static class FullPlaces
{
    /// <summary>The verdict made exact; null where nothing is full and the code did not say so either.</summary>
    /// <param name="limit">What <see cref="LimitVerdict"/> said, by the sum over all places.</param>
    /// <param name="before">Measured before the cell; null where it was not.</param>
    /// <param name="after">Measured after it.</param>
    /// <param name="error">What the code raised; null where its kernel died.</param>
    public static string? Refine(string? limit, SandboxUsage? before, SandboxUsage after, CellError? error)
    {
        if (limit != LimitVerdict.Disk || after.Full is not { } full) return limit;
        // Nothing can be added anywhere then, whatever else may be full.
        if (full.Contains(SandboxUsage.TooManyFiles) && (error is null || LimitVerdict.IsDiskFull(error))) return SandboxUsage.TooManyFiles;
        full = [.. full.Where(static place => place != SandboxUsage.TooManyFiles)];

        // The place that the cell filled, before one that was full already.
        var place = full.Except(before?.Full ?? []).FirstOrDefault() ?? (full.Count > 0 ? full[0] : null);
        if (place is not null) return place;
        return error is null || LimitVerdict.IsDiskFull(error) ? LimitVerdict.Disk : null;
    }
}
