using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.E2b.Connect;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>The unary methods of <c>process.Process</c>.</summary>
internal static class ProcessCalls
{
    private const int Sigkill = 9;
    private const int Sigterm = 15;

    /// <summary>Input is passed on in pieces that fit into one frame of the agent.</summary>
    private const int InputPieceBytes = 1024 * 1024;

    public static async Task<ListProcessesAnswer> ListAsync(ConnectCall call, EmptyRecord request)
    {
        var processes = await call.Sandbox.Agent.ListProcessesAsync(call.Cancelled).ConfigureAwait(false);
        return new ListProcessesAnswer([.. processes.Select(process => new ProcessInfoRecord(
            new ProcessConfig(process.Command)
            {
                Args = process.Arguments,
                Envs = process.Environment,
                Cwd = process.WorkingDirectory,
            },
            (uint)process.Pid, process.Tag))]);
    }

    public static async Task<EmptyRecord> SendInputAsync(ConnectCall call, SendInputRequest request)
    {
        var process = Select(request.Process);
        var pty = request.Input.Pty is not null;
        var rest = (request.Input.Pty ?? request.Input.Stdin ?? throw ConnectErrors.InvalidArgument("'input' has neither stdin nor pty")).AsMemory();
        do
        {
            var piece = rest[..Math.Min(rest.Length, InputPieceBytes)];
            await call.Sandbox.Agent.SendInputAsync(new ProcessInputRequest(process, pty, piece), call.Cancelled).ConfigureAwait(false);
            rest = rest[piece.Length..];
        }
        while (rest.Length > 0);
        return new EmptyRecord();
    }

    public static async Task<EmptyRecord> SendSignalAsync(ConnectCall call, SendSignalRequest request)
    {
        var signal = request.Signal switch
        {
            "SIGNAL_SIGTERM" => Sigterm,
            "SIGNAL_SIGKILL" => Sigkill,
            _ => throw new Isolation.Agents.AgentException(AgentErrorCode.Unimplemented, "only SIGNAL_SIGTERM and SIGNAL_SIGKILL can be sent"),
        };
        await call.Sandbox.Agent
            .SendSignalAsync(new ProcessSignalRequest(Select(request.Process), signal), call.Cancelled).ConfigureAwait(false);
        return new EmptyRecord();
    }

    public static async Task<EmptyRecord> CloseStdinAsync(ConnectCall call, SelectProcessRequest request)
    {
        await call.Sandbox.Agent.CloseStdinAsync(Select(request.Process), call.Cancelled).ConfigureAwait(false);
        return new EmptyRecord();
    }

    public static async Task<EmptyRecord> UpdateAsync(ConnectCall call, UpdateProcessRequest request)
    {
        var process = Select(request.Process);
        if (request.Pty is null) return new EmptyRecord();
        await call.Sandbox.Agent
            .ResizeAsync(new ProcessResizeRequest(process, Size(request.Pty)), call.Cancelled).ConfigureAwait(false);
        return new EmptyRecord();
    }

    /// <summary>By pid or by tag.</summary>
    public static ProcessSelector Select(ProcessSelectorRecord record) => record switch
    {
        { Pid: > 0 and <= int.MaxValue } => new ProcessSelector((int)record.Pid.Value, null),
        { Pid: null, Tag: { Length: > 0 } tag } => new ProcessSelector(0, tag),
        { Pid: { } pid } => throw new Isolation.Agents.AgentException(AgentErrorCode.NotFound, $"process with pid {pid} not found"),
        _ => throw ConnectErrors.InvalidArgument("'process' has neither pid nor tag"),
    };

    /// <summary>A terminal's size, 80 by 24 where it was left out.</summary>
    public static PtySize Size(PtyRecord pty)
    {
        const uint Most = ushort.MaxValue;
        if (pty.Size is not { } size) return new PtySize(80, 24);
        if (size.Cols > Most || size.Rows > Most) throw ConnectErrors.InvalidArgument($"a terminal has at most {Most} columns and rows");
        return new PtySize((int)size.Cols, (int)size.Rows);
    }

    /// <summary>A checked start request.</summary>
    public static ProcessStartRequest Plan(StartProcessRequest request, string? user)
    {
        var config = request.Process;
        var arguments = config.Args ?? [];
        var environment = config.Envs ?? new Dictionary<string, string>();
        long bytes = Encoding.UTF8.GetByteCount(config.Cmd);
        if (config.Cmd.Length == 0) throw ConnectErrors.InvalidArgument("'cmd' is empty");
        AgentText.Check("cmd", config.Cmd);
        foreach (var argument in arguments) bytes += AgentText.Check("args", argument);
        foreach (var (name, value) in environment)
        {
            if (name.Length == 0 || name.Contains('=', StringComparison.Ordinal)) throw ConnectErrors.InvalidArgument("a name in 'envs' is empty or holds '='");
            bytes += AgentText.Check("envs", name) + AgentText.Check("envs", value);
        }

        if (config.Cwd is not null) AgentText.Check("cwd", config.Cwd);
        if (request.Tag is not null) AgentText.Check("tag", request.Tag);
        // execve(2) would refuse it as well, with a worse message.
        if (bytes > AgentText.MaxBytes) throw ConnectErrors.InvalidArgument($"command, arguments and environment are larger than {AgentText.MaxBytes} bytes");
        return new ProcessStartRequest(
            config.Cmd, arguments, environment, string.IsNullOrEmpty(config.Cwd) ? null : config.Cwd, user,
            string.IsNullOrEmpty(request.Tag) ? null : request.Tag, Stdin: request.Stdin ?? true,
            request.Pty is { } pty ? Size(pty) : null);
    }
}
