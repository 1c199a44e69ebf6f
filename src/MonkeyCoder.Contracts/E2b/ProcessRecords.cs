namespace MonkeyCoder.Contracts.E2b;

/// <summary>Request of <c>process.Process/Start</c>, in proto-JSON.</summary>
public sealed record StartProcessRequest(ProcessConfig Process)
{
    public PtyRecord? Pty { get; init; }

    public string? Tag { get; init; }

    /// <summary>Unset counts as true.</summary>
    public bool? Stdin { get; init; }
}

/// <summary>What to start.</summary>
public sealed record ProcessConfig(string Cmd)
{
    public IReadOnlyList<string>? Args { get; init; }

    public IReadOnlyDictionary<string, string>? Envs { get; init; }

    public string? Cwd { get; init; }
}

/// <summary>A terminal.</summary>
public sealed record PtyRecord(PtySizeRecord? Size);

/// <summary>Size in characters.</summary>
public sealed record PtySizeRecord(uint Cols, uint Rows);

/// <summary>One of the two.</summary>
public sealed record ProcessSelectorRecord
{
    public uint? Pid { get; init; }

    public string? Tag { get; init; }
}

/// <summary>Request of <c>Connect</c> and <c>CloseStdin</c>.</summary>
public sealed record SelectProcessRequest(ProcessSelectorRecord Process);

/// <summary>Request of <c>Update</c>.</summary>
public sealed record UpdateProcessRequest(ProcessSelectorRecord Process)
{
    public PtyRecord? Pty { get; init; }
}

/// <summary>Request of <c>SendInput</c>.</summary>
public sealed record SendInputRequest(ProcessSelectorRecord Process, ProcessInputRecord Input);

/// <summary>One of the two; base64 on the wire.</summary>
public sealed record ProcessInputRecord
{
    public byte[]? Stdin { get; init; }

    public byte[]? Pty { get; init; }
}

/// <summary>Request of <c>SendSignal</c>; the signal is the enum's name.</summary>
public sealed record SendSignalRequest(ProcessSelectorRecord Process)
{
    public string? Signal { get; init; }
}

/// <summary>Answer of <c>List</c>.</summary>
public sealed record ListProcessesAnswer(IReadOnlyList<ProcessInfoRecord> Processes);

/// <summary>One process.</summary>
public sealed record ProcessInfoRecord(ProcessConfig Config, uint Pid, string? Tag = null);

/// <summary>A message without fields.</summary>
public sealed record EmptyRecord;
