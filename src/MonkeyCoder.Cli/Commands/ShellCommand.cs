using System.CommandLine;
using System.Runtime.InteropServices;
using MonkeyCoder.Cli.Connection;
using MonkeyCoder.Cli.Terminal;
using MonkeyCoder.Client;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey shell SANDBOX|new</c>: this terminal, inside a sandbox.</summary>
internal sealed class ShellCommand(CliContext context)
{
    private const int InputBytes = 4096;
    private static readonly TimeSpan KeepAlive = TimeSpan.FromMinutes(5);

    public static Command Create(CliContext context)
    {
        var sandbox = new Argument<string>("SANDBOX") { Description = "Id of a sandbox, or 'new' for one that ends with the shell." };
        var template = CommonOptions.Template();
        var user = new Option<string?>("--user", "-u") { Description = "User to be: user or root.", HelpName = "USER" };
        var command = new Command("shell", "Open a terminal in a sandbox.") { sandbox, template, user };
        command.SetAction((parsed, cancellationToken) => new ShellCommand(context).RunAsync(
            parsed.GetRequiredValue(sandbox), parsed.GetRequiredValue(template), parsed.GetValue(user), cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(string sandboxId, string template, string? user, CancellationToken cancellationToken)
    {
        if (!RawTerminal.IsTerminal) throw new CliException("shell needs a terminal on standard input; use 'monkey run' in scripts.", ExitCodes.Usage);
        using var client = await ServiceConnection.OpenAsync(context, cancellationToken);
        await using var sandbox = sandboxId == "new"
            ? await client.CreateAsync(new SandboxCreateOptions { Template = template, Timeout = KeepAlive }, cancellationToken)
            : await client.ConnectAsync(sandboxId, KeepAlive, cancellationToken);
        var (columns, rows) = RawTerminal.Size;
        await using var terminal = await sandbox.StartTerminalAsync(
            new TerminalOptions
            {
                Columns = columns,
                Rows = rows,
                TerminalType = context.Environment("TERM") ?? "xterm-256color",
                User = user,
            },
            cancellationToken);
        using var raw = RawTerminal.Enter();
        return await PumpAsync(sandbox, terminal, cancellationToken);
    }

    private async Task<int> PumpAsync(RemoteSandbox sandbox, RemoteProcess terminal, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var resized = new SemaphoreSlim(0);
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => resized.Release());
        // Not awaited at the end: a read of the terminal cannot be cancelled, and the process is about to exit.
        var typing = TypeAsync(terminal, over.Token);
        var resizing = ResizeAsync(terminal, resized, over.Token);
        var living = KeepAliveAsync(sandbox, over.Token);
        try
        {
            return await ShowAsync(terminal, cancellationToken);
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(Quietly(resizing), Quietly(living));
            _ = Quietly(typing);
        }
    }

    private async Task<int> ShowAsync(RemoteProcess terminal, CancellationToken cancellationToken)
    {
        await using var screen = context.OpenOutput();
        await foreach (var output in terminal.ReadOutputAsync(cancellationToken))
        {
            if (output is ProcessExit exit) return exit.ExitCode < 0 ? ExitCodes.Failed : exit.ExitCode;
            if (output is not ProcessChunk chunk) continue;
            await screen.WriteAsync(chunk.Bytes, cancellationToken);
            await screen.FlushAsync(cancellationToken);
        }

        return ExitCodes.Failed;
    }

    private async Task TypeAsync(RemoteProcess terminal, CancellationToken cancellationToken)
    {
        await Task.Yield();
        await using var keyboard = context.OpenInput();
        var buffer = new byte[InputBytes];
        while (await keyboard.ReadAsync(buffer, cancellationToken) is > 0 and var count)
            await terminal.WriteInputAsync(buffer.AsMemory(0, count), cancellationToken);
    }

    private static async Task ResizeAsync(RemoteProcess terminal, SemaphoreSlim resized, CancellationToken cancellationToken)
    {
        while (true)
        {
            await resized.WaitAsync(cancellationToken);
            var (columns, rows) = RawTerminal.Size;
            await terminal.ResizeAsync(columns, rows, cancellationToken);
        }
    }

    /// <summary>Moves the end of life along while the shell is open.</summary>
    private async Task KeepAliveAsync(RemoteSandbox sandbox, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(KeepAlive / 2, context.Time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
            await sandbox.SetTimeoutAsync(KeepAlive, cancellationToken);
    }

    // What the helpers of a shell run into shows in the shell's own stream, too.
    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception exception) when (exception is OperationCanceledException or SandboxApiException or IOException)
        {
        }
    }
}
