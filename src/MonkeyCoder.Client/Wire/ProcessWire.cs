namespace MonkeyCoder.Client.Wire;

internal sealed record ProcessConfigWire(
    string Cmd,
    IReadOnlyList<string>? Args = null,
    IReadOnlyDictionary<string, string>? Envs = null,
    string? Cwd = null);

internal sealed record PtySizeWire(int Cols, int Rows);

internal sealed record PtyWire(PtySizeWire Size);

internal sealed record StartProcessWire(ProcessConfigWire Process, PtyWire? Pty = null, bool? Stdin = null);

internal sealed record ProcessSelectorWire(int Pid);

internal sealed record ProcessOnlyWire(ProcessSelectorWire Process);

internal sealed record ProcessInputWire(byte[]? Stdin = null, byte[]? Pty = null);

internal sealed record SendInputWire(ProcessSelectorWire Process, ProcessInputWire Input);

internal sealed record SendSignalWire(ProcessSelectorWire Process, string Signal);

internal sealed record ResizeWire(ProcessSelectorWire Process, PtyWire Pty);

internal sealed record ProcessListWire(IReadOnlyList<ProcessListItemWire>? Processes = null);

internal sealed record ProcessListItemWire(ProcessConfigWire Config, int Pid);

/// <summary>One message of the Start and Connect streams.</summary>
internal sealed record ProcessMessageWire(ProcessEventWire? Event = null);

internal sealed record ProcessEventWire(
    ProcessStartedWire? Start = null, ProcessDataWire? Data = null, ProcessEndWire? End = null);

internal sealed record ProcessStartedWire(int Pid);

internal sealed record ProcessDataWire(byte[]? Stdout = null, byte[]? Stderr = null, byte[]? Pty = null);

internal sealed record ProcessEndWire(int ExitCode = 0, string? Error = null);

/// <summary>Payload of the last frame of a Connect stream.</summary>
internal sealed record EndOfStreamWire(StreamErrorWire? Error = null);

internal sealed record StreamErrorWire(string? Code = null, string? Message = null);

internal sealed record EmptyWire;
