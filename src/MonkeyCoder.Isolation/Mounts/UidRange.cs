namespace MonkeyCoder.Isolation.Mounts;

/// <summary>The host ids of one sandbox: uid and gid <c>n</c> inside is <c>First + n</c> outside.</summary>
/// <param name="Slot">0 to <see cref="Slots"/> - 1; one live sandbox of the machine has it.</param>
internal readonly record struct UidRange(int Slot)
{
    /// <summary>Ids in each range, and so the ids that exist inside.</summary>
    public const int Length = 65536;

    /// <summary>Ranges that there are.</summary>
    public const int Slots = 16384;

    // Above what useradd, systemd's dynamic users and /etc/subuid hand out by default; the last range ends below 2^31.
    private const uint Start = 2_000_000;

    /// <summary>Host id of root inside.</summary>
    public uint First => Start + (uint)Slot * Length;

    /// <summary>Host id of an id inside.</summary>
    public uint ToHost(int inside) => First + (uint)inside;
}
