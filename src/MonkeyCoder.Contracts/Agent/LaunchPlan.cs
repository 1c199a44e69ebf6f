namespace MonkeyCoder.Contracts.Agent;

/// <summary>
/// What <c>monkey-agent --launch</c> starts one sandbox from: a message of its control socket, with three descriptors, which are stdin,
/// the log and the agent's listening socket. The answer is a <see cref="LaunchAnswer"/>.
/// </summary>
/// <param name="FirstId">Host id of root inside.</param>
/// <param name="Ids">Ids inside.</param>
/// <param name="OutOfMemoryScore">oom_score_adj.</param>
/// <param name="Limits">Resource limits.</param>
/// <param name="Groups">Files <c>cgroup.procs</c> of the groups that the process is put into.</param>
/// <param name="Count">Calls at the start of the image.</param>
/// <param name="Relocations">Places in the image that hold an offset where the kernel wants an address, 4 bytes each.</param>
/// <param name="Image">System calls that the process makes in its namespaces, and what they point to.</param>
public sealed record LaunchPlan(
    int FirstId,
    int Ids,
    int OutOfMemoryScore,
    IReadOnlyList<ConfineLimit> Limits,
    IReadOnlyList<string> Groups,
    int Count,
    ReadOnlyMemory<byte> Relocations,
    ReadOnlyMemory<byte> Image) : IAgentMessage
{
    /// <summary>Largest plan, in bytes: the control socket carries it in one message.</summary>
    public const int MaxBytes = 128 * 1024;

    /// <summary>The control socket of the launcher.</summary>
    public const int ControlFileDescriptor = 3;

    public void Write(WireWriter writer)
    {
        writer.WriteInt32(FirstId);
        writer.WriteInt32(Ids);
        writer.WriteInt32(OutOfMemoryScore);
        ConfineLimit.WriteAll(writer, Limits);
        writer.WriteList(Groups);
        writer.WriteInt32(Count);
        writer.WriteBytes(Relocations.Span);
        writer.WriteBytes(Image.Span);
    }

    public static LaunchPlan Read(ref WireReader reader) => new(
        reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), ConfineLimit.ReadAll(ref reader), reader.ReadList(), reader.ReadInt32(),
        reader.ReadBytes().ToArray(), reader.ReadBytes().ToArray());
}

/// <summary>
/// What became of a <see cref="LaunchPlan"/>. With two descriptors where a process was started: its pidfd, and its status socket, which
/// closes when it executes the agent and says before which call failed where one did.
/// </summary>
/// <param name="Pid">Its pid; 0: nothing was started.</param>
/// <param name="Failure">Why nothing was started, or null.</param>
public sealed record LaunchAnswer(int Pid, string? Failure) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteInt32(Pid);
        writer.WriteOptional(Failure);
    }

    public static LaunchAnswer Read(ref WireReader reader) => new(reader.ReadInt32(), reader.ReadOptional());
}
