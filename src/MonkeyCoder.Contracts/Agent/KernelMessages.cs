namespace MonkeyCoder.Contracts.Agent;

/// <summary>Starts a kernel, or does nothing when one of that id and language is alive.</summary>
/// <param name="ContextId">Chosen by the node.</param>
/// <param name="Language">Name of a driver below <c>/opt/monkeycoder/kernels</c>: python, javascript, typescript, bash.</param>
/// <param name="WorkingDirectory">null: the user's home.</param>
/// <param name="User">null: the default user.</param>
public sealed record KernelOpenRequest(string ContextId, string Language, string? WorkingDirectory, string? User) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteString(ContextId);
        writer.WriteString(Language);
        writer.WriteOptional(WorkingDirectory);
        writer.WriteOptional(User);
    }

    public static KernelOpenRequest Read(ref WireReader reader) =>
        new(reader.ReadString(), reader.ReadString(), reader.ReadOptional(), reader.ReadOptional());
}

/// <summary>How a process is to start.</summary>
/// <param name="UserId">uid.</param>
/// <param name="GroupId">Primary gid.</param>
/// <param name="Groups">Supplementary groups.</param>
/// <param name="Environment">Its environment, whole.</param>
/// <param name="WorkingDirectory">Absolute.</param>
public sealed record KernelPlanMessage(
    int UserId, int GroupId, IReadOnlyList<int> Groups, IReadOnlyDictionary<string, string> Environment, string WorkingDirectory) : IAgentMessage
{
    private const int GroupBytes = 4;

    public void Write(WireWriter writer)
    {
        writer.WriteInt32(UserId);
        writer.WriteInt32(GroupId);
        writer.WriteInt32(Groups.Count);
        foreach (var group in Groups) writer.WriteInt32(group);
        writer.WriteMap(Environment);
        writer.WriteString(WorkingDirectory);
    }

    public static KernelPlanMessage Read(ref WireReader reader)
    {
        var (user, group) = (reader.ReadInt32(), reader.ReadInt32());
        var groups = new int[reader.ReadCount(GroupBytes)];
        for (var i = 0; i < groups.Length; i++) groups[i] = reader.ReadInt32();
        return new KernelPlanMessage(user, group, groups, reader.ReadMap(), reader.ReadString());
    }
}

/// <summary>
/// A kernel that the node has forked into the sandbox, as a child of the agent. With its first byte come <see cref="Descriptors"/>
/// descriptors: the other end of the kernel's fd 3, and what is to be read of its stdout and stderr.
/// </summary>
/// <param name="Pid">As the sandbox sees it.</param>
public sealed record ForkedKernelMessage(int Pid) : IAgentMessage
{
    /// <summary>How many descriptors come with it.</summary>
    public const int Descriptors = 3;

    public void Write(WireWriter writer) => writer.WriteInt32(Pid);

    public static ForkedKernelMessage Read(ref WireReader reader) => new(reader.ReadInt32());
}

/// <summary>Runs one cell.</summary>
/// <param name="ContextId">Kernel to run in.</param>
/// <param name="Code">The cell.</param>
/// <param name="Environment">Variables set for this cell only, and restored after it.</param>
public sealed record KernelExecuteRequest(
    string ContextId, string Code, IReadOnlyDictionary<string, string> Environment) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteString(ContextId);
        writer.WriteString(Code);
        writer.WriteMap(Environment);
    }

    public static KernelExecuteRequest Read(ref WireReader reader) =>
        new(reader.ReadString(), reader.ReadString(), reader.ReadMap());
}

/// <summary>Names a kernel.</summary>
public sealed record KernelRequest(string ContextId) : IAgentMessage
{
    public void Write(WireWriter writer) => writer.WriteString(ContextId);

    public static KernelRequest Read(ref WireReader reader) => new(reader.ReadString());
}

/// <summary>
/// One piece of a message from the kernel driver. The pieces of one message follow each other;
/// <paramref name="More"/> is false on the last. Kinds and bodies: <c>templates/base/kernels/PROTOCOL.md</c>.
/// </summary>
/// <param name="Kind"><c>count</c>, <c>result</c>, <c>error</c>.</param>
/// <param name="More">The body goes on in the next frame.</param>
/// <param name="Body">UTF-8 JSON.</param>
public sealed record KernelMessageEvent(string Kind, bool More, ReadOnlyMemory<byte> Body) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteString(Kind);
        writer.WriteBool(More);
        writer.WriteBytes(Body.Span);
    }

    public static KernelMessageEvent Read(ref WireReader reader) =>
        new(reader.ReadString(), reader.ReadBool(), reader.ReadBytes().ToArray());
}

/// <summary>Payload of <see cref="FrameType.KernelIdle"/>.</summary>
/// <param name="Interrupted">The cell was interrupted before its end.</param>
public sealed record KernelIdleEvent(bool Interrupted) : IAgentMessage
{
    public void Write(WireWriter writer) => writer.WriteBool(Interrupted);

    public static KernelIdleEvent Read(ref WireReader reader) => new(reader.ReadBool());
}
