using System.Globalization;
using MonkeyCoder.Isolation.Mounts;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>
/// The one host id of each sandbox, uid and gid. The next higher id is nobody's: see
/// <see cref="Linux.Libc.KillProcessesOf"/>.
/// </summary>
internal sealed class UserIds
{
    // Above all ranges of the container tier: everything of an id is killed at once, so it must be nobody's else.
    private const uint Start = 1_200_000_000;
    // For hosts that are user namespaces of 65536 ids themselves: above what useradd gives to the first people of a system.
    private const uint SmallStart = 20_000;
    private const int IdsEach = 2;

    private readonly uint _start;

    /// <summary>For this host.</summary>
    public UserIds()
        : this(File.ReadAllText("/proc/self/uid_map"))
    {
    }

    /// <summary>For a host with such a <c>uid_map</c> (user_namespaces(7)).</summary>
    internal UserIds(string map) => _start = HighestId(map) < Start + (UidRange.Slots * IdsEach) ? SmallStart : Start;

    /// <summary>The id of the sandbox that has claimed the range.</summary>
    public uint Of(UidRange range) => _start + ((uint)range.Slot * IdsEach);

    private static ulong HighestId(string map)
    {
        var highest = 0UL;
        foreach (var line in map.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            highest = Math.Max(highest, ulong.Parse(fields[0], CultureInfo.InvariantCulture) + ulong.Parse(fields[2], CultureInfo.InvariantCulture) - 1);
        }

        return highest;
    }
}
