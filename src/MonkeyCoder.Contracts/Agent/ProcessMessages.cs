namespace MonkeyCoder.Contracts.Agent;

/// <summary>Size of a terminal in characters.</summary>
public readonly record struct PtySize(int Columns, int Rows);

/// <summary>Starts a process as <see cref="User"/> in its own session.</summary>
/// <param name="Command">Program, looked up in PATH of the resulting environment.</param>
/// <param name="Arguments">Arguments after argv[0].</param>
/// <param name="Environment">Added to (and winning over) the sandbox's environment.</param>
/// <param name="WorkingDirectory">null: the default; relative: to the user's home.</param>
/// <param name="User">null: the default user.</param>
/// <param name="Tag">Name by which later requests may select the process.</param>
/// <param name="Stdin">true: a pipe kept open until CloseStdin; false: /dev/null.</param>
/// <param name="Pty">Set: the process gets a terminal of this size as fd 0, 1 and 2.</param>
public sealed record ProcessStartRequest(
    string Command,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    string? WorkingDirectory,
    string? User,
    string? Tag,
    bool Stdin,
    PtySize? Pty) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteString(Command);
        writer.WriteList(Arguments);
        writer.WriteMap(Environment);
        writer.WriteOptional(WorkingDirectory);
        writer.WriteOptional(User);
        writer.WriteOptional(Tag);
        writer.WriteBool(Stdin);
        writer.WriteBool(Pty is not null);
        if (Pty is { } size)
        {
            writer.WriteInt32(size.Columns);
            writer.WriteInt32(size.Rows);
        }
    }

    public static ProcessStartRequest Read(ref WireReader reader) => new(
        reader.ReadString(), reader.ReadList(), reader.ReadMap(), reader.ReadOptional(), reader.ReadOptional(),
        reader.ReadOptional(), reader.ReadBool(),
        reader.ReadBool() ? new PtySize(reader.ReadInt32(), reader.ReadInt32()) : null);
}

/// <summary>Names a process by pid, or by tag when the pid is 0.</summary>
public sealed record ProcessSelector(int Pid, string? Tag) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteInt32(Pid);
        writer.WriteOptional(Tag);
    }

    public static ProcessSelector Read(ref WireReader reader) => new(reader.ReadInt32(), reader.ReadOptional());
}

/// <summary>Bytes for stdin, or for the terminal when <paramref name="Pty"/>.</summary>
public sealed record ProcessInputRequest(ProcessSelector Process, bool Pty, ReadOnlyMemory<byte> Bytes) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        Process.Write(writer);
        writer.WriteBool(Pty);
        writer.WriteBytes(Bytes.Span);
    }

    public static ProcessInputRequest Read(ref WireReader reader) =>
        new(ProcessSelector.Read(ref reader), reader.ReadBool(), reader.ReadBytes().ToArray());
}

/// <summary>Sends a signal (signal(7) number) to the process.</summary>
public sealed record ProcessSignalRequest(ProcessSelector Process, int Signal) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        Process.Write(writer);
        writer.WriteInt32(Signal);
    }

    public static ProcessSignalRequest Read(ref WireReader reader) =>
        new(ProcessSelector.Read(ref reader), reader.ReadInt32());
}

/// <summary>TIOCSWINSZ on the process's terminal.</summary>
public sealed record ProcessResizeRequest(ProcessSelector Process, PtySize Size) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        Process.Write(writer);
        writer.WriteInt32(Size.Columns);
        writer.WriteInt32(Size.Rows);
    }

    public static ProcessResizeRequest Read(ref WireReader reader) =>
        new(ProcessSelector.Read(ref reader), new PtySize(reader.ReadInt32(), reader.ReadInt32()));
}

/// <summary>The process runs; its pid as seen inside the sandbox.</summary>
public sealed record ProcessStartedEvent(int Pid) : IAgentMessage
{
    public void Write(WireWriter writer) => writer.WriteInt32(Pid);

    public static ProcessStartedEvent Read(ref WireReader reader) => new(reader.ReadInt32());
}

/// <summary>The process has been reaped and its pipes are at EOF (or it was killed).</summary>
/// <param name="ExitCode">0-255, or -1 when a signal ended it.</param>
/// <param name="Signal">0, or the signal that ended it.</param>
public sealed record ProcessExitedEvent(int ExitCode, int Signal) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteInt32(ExitCode);
        writer.WriteInt32(Signal);
    }

    public static ProcessExitedEvent Read(ref WireReader reader) => new(reader.ReadInt32(), reader.ReadInt32());
}

/// <summary>One process that was started through the agent and still runs.</summary>
public sealed record ProcessListItem(
    int Pid, string? Tag, string Command, IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment, string? WorkingDirectory);

/// <summary>Payload of <see cref="FrameType.ProcessListing"/>.</summary>
public sealed record ProcessListingAnswer(IReadOnlyList<ProcessListItem> Processes) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteInt32(Processes.Count);
        foreach (var process in Processes)
        {
            writer.WriteInt32(process.Pid);
            writer.WriteOptional(process.Tag);
            writer.WriteString(process.Command);
            writer.WriteList(process.Arguments);
            writer.WriteMap(process.Environment);
            writer.WriteOptional(process.WorkingDirectory);
        }
    }

    public static ProcessListingAnswer Read(ref WireReader reader)
    {
        var processes = new ProcessListItem[reader.ReadCount(14)];
        for (var i = 0; i < processes.Length; i++)
        {
            processes[i] = new ProcessListItem(reader.ReadInt32(), reader.ReadOptional(), reader.ReadString(),
                reader.ReadList(), reader.ReadMap(), reader.ReadOptional());
        }

        return new ProcessListingAnswer(processes);
    }
}
