using System.Diagnostics;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>
/// Removes directories whose content somebody else has made. A tree can be deeper than a path can be long, so a program does it
/// that goes down step by step, and follows no link.
/// </summary>
internal static class TreeRemoval
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Removes them; what does not exist counts as removed.</summary>
    /// <exception cref="SyscallException">Something is left.</exception>
    public static void Run(IReadOnlyList<string> directories)
    {
        // Most are empty.
        var left = directories.Where(static directory => Libc.TryRemoveDirectory(directory) is not (0 or ErrnoName.ENOENT)).ToArray();
        if (left.Length == 0) return;
        using var remove = Process.Start(
            new ProcessStartInfo("/usr/bin/rm", ["-rf", "--one-file-system", "--", .. left]) { RedirectStandardError = true })!;
        var complaint = remove.StandardError.ReadToEnd();
        if (!remove.WaitForExit(Limit)) remove.Kill();
        if (left.FirstOrDefault(Directory.Exists) is { } stays)
            throw new SyscallException("rmdir", ErrnoName.ENOTEMPTY, complaint.Length > 0 ? complaint.Split('\n')[0] : stays);
    }
}
