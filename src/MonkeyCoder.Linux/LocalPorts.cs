using System.Globalization;

namespace MonkeyCoder.Linux;

/// <summary>Ports that the kernel chooses from for a socket that has none.</summary>
/// <param name="Lowest">The first.</param>
/// <param name="Highest">The last.</param>
public readonly record struct LocalPorts(ushort Lowest, ushort Highest)
{
    private const string Range = "/proc/sys/net/ipv4/ip_local_port_range";
    private const int MostShared = 8192;

    /// <summary>
    /// The part of this machine's range that all sandboxes share which have no network namespace: 8192 ports at most, and not more than
    /// half of them. The rest is the machine's whatever sandboxes do. They do not take ports from each other: each connects to
    /// another port, and to different ports connections from the same one can be made.
    /// </summary>
    /// <exception cref="IOException">The range cannot be read.</exception>
    public static LocalPorts OfSandboxes() => OfSandboxes(File.ReadAllText(Range));

    /// <summary>As the other, for a machine with such an <c>ip_local_port_range</c>: two numbers.</summary>
    internal static LocalPorts OfSandboxes(string range)
    {
        var fields = range.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var (lowest, highest) = (ushort.Parse(fields[0], CultureInfo.InvariantCulture), ushort.Parse(fields[1], CultureInfo.InvariantCulture));
        var count = Math.Clamp((highest - lowest + 1) / 2, 1, MostShared);
        return new LocalPorts(lowest, (ushort)(lowest + count - 1));
    }
}
