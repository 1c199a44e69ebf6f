namespace MonkeyCoder.Contracts.Agent;

/// <summary>A payload that can write itself. Each message has a static <c>Read(ref WireReader)</c> as its other half.</summary>
public interface IAgentMessage
{
    /// <summary>Appends the payload.</summary>
    void Write(WireWriter writer);
}

/// <summary>Payload of <see cref="FrameType.Error"/>.</summary>
public sealed record AgentError(AgentErrorCode Code, string Message) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteByte((byte)Code);
        writer.WriteString(Message);
    }

    public static AgentError Read(ref WireReader reader) => new((AgentErrorCode)reader.ReadByte(), reader.ReadString());
}

/// <summary>Payload of <see cref="FrameType.Pong"/>.</summary>
public sealed record AgentInfo(int ProtocolVersion, string AgentVersion) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteInt32(ProtocolVersion);
        writer.WriteString(AgentVersion);
    }

    public static AgentInfo Read(ref WireReader reader) => new(reader.ReadInt32(), reader.ReadString());
}

/// <summary>
/// Sent once when a pooled sandbox gets its owner: environment of every process started later, and defaults.
/// </summary>
/// <param name="Environment">Variables for every process and kernel; replaces what was there.</param>
/// <param name="DefaultUser">User when a request names none, e.g. <c>user</c>.</param>
/// <param name="DefaultWorkingDirectory">Directory when a request names none; null: the user's home.</param>
public sealed record ConfigureRequest(
    IReadOnlyDictionary<string, string> Environment, string DefaultUser, string? DefaultWorkingDirectory) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteMap(Environment);
        writer.WriteString(DefaultUser);
        writer.WriteOptional(DefaultWorkingDirectory);
    }

    public static ConfigureRequest Read(ref WireReader reader) =>
        new(reader.ReadMap(), reader.ReadString(), reader.ReadOptional());
}

/// <summary>Payload of <see cref="FrameType.Dial"/>: TCP to 127.0.0.1, then ::1, inside the sandbox.</summary>
public sealed record DialRequest(int Port) : IAgentMessage
{
    public void Write(WireWriter writer) => writer.WriteInt32(Port);

    public static DialRequest Read(ref WireReader reader) => new(reader.ReadInt32());
}
