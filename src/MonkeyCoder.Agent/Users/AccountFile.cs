using System.Globalization;
using System.Text;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Users;

/// <summary>
/// Reads passwd(5) and group(5) as they are now. People may write to them: lines that make no sense are left out, and
/// no more than <see cref="MaxBytes"/> are read.
/// </summary>
internal static class AccountFile
{
    /// <summary>Bytes read of each file: 1 MiB.</summary>
    public const int MaxBytes = 1024 * 1024;

    private const int MaxGroups = 64;

    /// <summary>The account of that name, or null.</summary>
    public static UserAccount? Find(string etc, string name)
    {
        foreach (var line in Lines(Path.Combine(etc, "passwd")))
        {
            // name:password:uid:gid:comment:home:shell
            var fields = line.Split(':');
            if (fields.Length < 6 || fields[0] != name) continue;
            if (!TryId(fields[2], out var user) || !TryId(fields[3], out var group)) continue;
            var home = fields[5].StartsWith('/') ? fields[5] : "/";
            return new UserAccount(name, user, group, home, GroupsOf(etc, name, group));
        }

        return null;
    }

    /// <summary>Names by number; of several for one number the first. <paramref name="file"/> is <c>passwd</c> or <c>group</c>.</summary>
    public static Dictionary<uint, string> Names(string etc, string file)
    {
        var names = new Dictionary<uint, string>();
        foreach (var line in Lines(Path.Combine(etc, file)))
        {
            var fields = line.Split(':', 4);
            if (fields.Length >= 3 && fields[0].Length > 0 && TryId(fields[2], out var id)) names.TryAdd(id, fields[0]);
        }

        return names;
    }

    private static uint[] GroupsOf(string etc, string name, uint primary)
    {
        var groups = new List<uint> { primary };
        foreach (var line in Lines(Path.Combine(etc, "group")))
        {
            // name:password:gid:member,member
            var fields = line.Split(':');
            if (fields.Length < 4 || groups.Count == MaxGroups || !TryId(fields[2], out var id)) continue;
            if (!groups.Contains(id) && fields[3].Split(',').Contains(name)) groups.Add(id);
        }

        return [.. groups];
    }

    private static bool TryId(string text, out uint id) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out id) && id != uint.MaxValue;

    private static string[] Lines(string path)
    {
        using var file = Libc.TryOpen(path, OpenHow.Read, 0, out _);
        if (file is null || Libc.Status(file).Kind != FileKind.Regular) return [];
        var buffer = new byte[(int)Math.Clamp(Libc.Status(file).SizeBytes, 0, MaxBytes)];
        var filled = 0;
        while (filled < buffer.Length && Libc.TryRead(file, buffer.AsSpan(filled)) is > 0 and var count) filled += count;
        return Encoding.UTF8.GetString(buffer, 0, filled).Split('\n');
    }
}
