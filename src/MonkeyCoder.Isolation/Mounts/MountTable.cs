using System.Text;

namespace MonkeyCoder.Isolation.Mounts;

/// <summary>One line of <c>/proc/self/mountinfo</c> (proc_pid_mountinfo(5)).</summary>
/// <param name="MountPoint">Where it is, unescaped.</param>
/// <param name="FileSystem">Type, e.g. <c>btrfs</c>.</param>
/// <param name="Source">Device, e.g. <c>/dev/loop3</c>, unescaped.</param>
/// <param name="Options">Of this mount, e.g. <c>rw,nosuid</c>.</param>
/// <param name="SuperOptions">Of the file system; for cgroup v1 they name the controllers.</param>
/// <param name="Shared">Mounts made below it appear in other mount namespaces.</param>
internal sealed record MountEntry(
    string MountPoint, string FileSystem, string Source, string Options, string SuperOptions, bool Shared);

/// <summary>What is mounted, in the order of mounting.</summary>
internal static class MountTable
{
    /// <summary>Mounts of this process's namespace.</summary>
    public static IReadOnlyList<MountEntry> Read() => Parse(File.ReadLines("/proc/self/mountinfo"));

    /// <summary>Mounts at or below a directory, those made last first: the order in which they can be undone.</summary>
    public static IReadOnlyList<MountEntry> Below(string directory) =>
        [.. Read().Where(mount => IsAtOrBelow(mount.MountPoint, directory)).Reverse()];

    /// <summary>The mount that a path lies on.</summary>
    public static MountEntry? Covering(string path) =>
        Read().Where(mount => mount.MountPoint == "/" || IsAtOrBelow(path, mount.MountPoint)).MaxBy(mount => mount.MountPoint.Length);

    /// <summary>Parses lines of mountinfo; lines it does not understand are left out.</summary>
    public static IReadOnlyList<MountEntry> Parse(IEnumerable<string> lines)
    {
        var entries = new List<MountEntry>();
        foreach (var line in lines)
        {
            // id parent major:minor root mount-point options optional* - type source super-options
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-", Math.Min(6, fields.Length));
            if (dash < 0 || dash + 3 >= fields.Length) continue;
            var shared = fields[6..dash].Any(field => field.StartsWith("shared:", StringComparison.Ordinal));
            var (mountPoint, source) = (Unescape(fields[4]), Unescape(fields[dash + 2]));
            entries.Add(new MountEntry(mountPoint, fields[dash + 1], source, fields[5], fields[dash + 3], shared));
        }

        return entries;
    }

    private static bool IsAtOrBelow(string path, string directory) =>
        path.StartsWith(directory, StringComparison.Ordinal) && (path.Length == directory.Length || path[directory.Length] == '/');

    /// <summary>Space, tab, newline and backslash stand as <c>\040</c> and the like.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\')) return field;
        var escaped = Encoding.UTF8.GetBytes(field);
        var bytes = new List<byte>(escaped.Length);
        for (var i = 0; i < escaped.Length; i++)
        {
            var isEscape = escaped[i] == (byte)'\\' && i + 3 < escaped.Length;
            bytes.Add(isEscape ? (byte)Convert.ToInt32(Encoding.ASCII.GetString(escaped, i + 1, 3), 8) : escaped[i]);
            if (isEscape) i += 3;
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
