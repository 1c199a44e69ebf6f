namespace MonkeyCoder.Contracts.Agent;

/// <summary>
/// What <c>monkey-agent --confine FILE</c> does to itself before it becomes the agent of a sandbox, on a host without namespaces.
/// The file holds this message and nothing else.
/// </summary>
/// <param name="Root">Directory that becomes the root.</param>
/// <param name="UserId">uid and gid.</param>
/// <param name="Nice">Nice value, 0 to 19.</param>
/// <param name="Limits">Resource limits.</param>
/// <param name="Writable">Directories that code may write to, as seen from the new root.</param>
/// <param name="Devices">Files that code may write to but neither make nor remove, as seen from the new root.</param>
/// <param name="Filter">System-call filter: struct sock_filter, 8 bytes each.</param>
/// <param name="Program">The agent, as seen from the new root.</param>
/// <param name="Environment">Its environment, as <c>KEY=value</c>.</param>
/// <param name="GatePort">Port of the sandbox's door on 127.0.0.1; 0 where no connection leaves it.</param>
/// <param name="GateSecret">Secret of the door, see <see cref="GatePreface"/>; empty without one.</param>
/// <param name="GateFilter">System-call filter of the gatekeeper; empty without a door.</param>
public sealed record ConfinePlan(
    string Root,
    int UserId,
    int Nice,
    IReadOnlyList<ConfineLimit> Limits,
    IReadOnlyList<string> Writable,
    IReadOnlyList<string> Devices,
    ReadOnlyMemory<byte> Filter,
    string Program,
    IReadOnlyList<string> Environment,
    int GatePort,
    ReadOnlyMemory<byte> GateSecret,
    ReadOnlyMemory<byte> GateFilter) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteString(Root);
        writer.WriteInt32(UserId);
        writer.WriteInt32(Nice);
        ConfineLimit.WriteAll(writer, Limits);
        writer.WriteList(Writable);
        writer.WriteList(Devices);
        writer.WriteBytes(Filter.Span);
        writer.WriteString(Program);
        writer.WriteList(Environment);
        writer.WriteInt32(GatePort);
        writer.WriteBytes(GateSecret.Span);
        writer.WriteBytes(GateFilter.Span);
    }

    public static ConfinePlan Read(ref WireReader reader) => new(
        reader.ReadString(), reader.ReadInt32(), reader.ReadInt32(), ConfineLimit.ReadAll(ref reader), reader.ReadList(), reader.ReadList(),
        reader.ReadBytes().ToArray(), reader.ReadString(), reader.ReadList(), reader.ReadInt32(), reader.ReadBytes().ToArray(),
        reader.ReadBytes().ToArray());
}

/// <summary>One resource limit of getrlimit(2).</summary>
/// <param name="Resource">RLIMIT_* as a number.</param>
/// <param name="Soft">The limit that holds.</param>
/// <param name="Hard">What it may be raised to.</param>
public readonly record struct ConfineLimit(int Resource, long Soft, long Hard)
{
    private const int Bytes = 20;

    internal static void WriteAll(WireWriter writer, IReadOnlyList<ConfineLimit> limits)
    {
        writer.WriteInt32(limits.Count);
        foreach (var limit in limits)
        {
            writer.WriteInt32(limit.Resource);
            writer.WriteInt64(limit.Soft);
            writer.WriteInt64(limit.Hard);
        }
    }

    internal static ConfineLimit[] ReadAll(ref WireReader reader)
    {
        var limits = new ConfineLimit[reader.ReadCount(Bytes)];
        for (var i = 0; i < limits.Length; i++) limits[i] = new ConfineLimit(reader.ReadInt32(), reader.ReadInt64(), reader.ReadInt64());
        return limits;
    }
}
