using System.Globalization;
using System.Text;

namespace MonkeyCoder.Isolation.Store;

/// <summary>One mount as this process sees it.</summary>
/// <param name="MountPoint">Absolute path.</param>
/// <param name="FileSystem">Type, e.g. <c>btrfs</c>.</param>
/// <param name="Source">Device, e.g. <c>/dev/loop3</c>.</param>
internal sealed record MountEntry(string MountPoint, string FileSystem, string Source);

/// <summary>Mounts of this process's mount namespace (proc_pid_mountinfo(5)).</summary>
internal static class MountTable
{
    /// <summary>All mounts, lowest first.</summary>
    public static IReadOnlyList<MountEntry> Read() =>
        [.. File.ReadLines("/proc/self/mountinfo").Select(Parse).OfType<MountEntry>()];

    /// <summary>The uppermost mount at exactly this path; null where nothing is mounted there.</summary>
    public static MountEntry? Find(string mountPoint) => Read().LastOrDefault(entry => entry.MountPoint == mountPoint);

    /// <summary>A line of mountinfo; null where it is none.</summary>
    internal static MountEntry? Parse(string line)
    {
        // 36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/root rw
        var fields = line.Split(' ');
        var separator = Array.IndexOf(fields, "-");
        return separator < 6 || fields.Length < separator + 3
            ? null
            : new MountEntry(Unescape(fields[4]), fields[separator + 1], Unescape(fields[separator + 2]));
    }

    // Space, tab, newline and backslash come as a backslash and three octal digits.
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal)) return field;
        var text = new StringBuilder(field.Length);
        for (var at = 0; at < field.Length; at++)
        {
            if (field[at] == '\\' && at + 3 < field.Length
                && int.TryParse(field.AsSpan(at + 1, 3), NumberStyles.None, CultureInfo.InvariantCulture, out var digits))
            {
                text.Append((char)((digits / 100 * 64) + (digits / 10 % 10 * 8) + (digits % 10)));
                at += 3;
            }
            else
                text.Append(field[at]);
        }

        return text.ToString();
    }
}
