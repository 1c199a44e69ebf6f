using System.CommandLine;
using MonkeyCoder.Cli.Connection;
using MonkeyCoder.Client;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey cp SRC DST</c>: one file into or out of a sandbox, streamed.</summary>
internal static class CpCommand
{
    public static Command Create(CliContext context)
    {
        var source = new Argument<string>("SRC") { Description = "A local path, - for standard input, or SANDBOX:PATH." };
        var destination = new Argument<string>("DST") { Description = "A local path, - for standard output, or SANDBOX:PATH." };
        var command = new Command("cp", "Copy a file into a sandbox or out of it.") { source, destination };
        command.SetAction((parsed, cancellationToken) => CopyAsync(
            context, Place.Parse(parsed.GetRequiredValue(source)), Place.Parse(parsed.GetRequiredValue(destination)), cancellationToken));
        return command;
    }

    private static async Task<int> CopyAsync(CliContext context, Place source, Place destination, CancellationToken cancellationToken)
    {
        if (source.Sandbox is null == destination.Sandbox is null)
            throw new CliException("One of the two must be in a sandbox (SANDBOX:PATH), the other on this machine.", ExitCodes.Usage);
        using var client = await ServiceConnection.OpenAsync(context, cancellationToken);
        var sandbox = await client.ConnectAsync((source.Sandbox ?? destination.Sandbox)!, TimeSpan.FromMinutes(1), cancellationToken);
        if (source.Sandbox is null) await UploadAsync(context, sandbox, source.Path, destination.Path, cancellationToken);
        else await DownloadAsync(context, sandbox, source.Path, destination.Path, cancellationToken);
        return ExitCodes.Ok;
    }

    private static async Task UploadAsync(
        CliContext context, RemoteSandbox sandbox, string local, string remote, CancellationToken cancellationToken)
    {
        if (Directory.Exists(local)) throw new CliException($"'{local}' is a directory; cp copies single files.", ExitCodes.Usage);
        if (local != "-" && !File.Exists(local)) throw new CliException($"There is no file '{local}'.", ExitCodes.Usage);
        if (remote.EndsWith('/')) remote += local == "-" ? "stdin" : Path.GetFileName(local);
        using var content = Open(context, local);
        await sandbox.WriteFileAsync(remote, content, null, cancellationToken);
    }

    private static Stream Open(CliContext context, string local)
    {
        if (local == "-") return context.OpenInput();
        return File.OpenRead(local);
    }

    private static async Task DownloadAsync(
        CliContext context, RemoteSandbox sandbox, string remote, string local, CancellationToken cancellationToken)
    {
        await using var content = await sandbox.ReadFileAsync(remote, null, cancellationToken);
        if (local == "-")
        {
            await using var output = context.OpenOutput();
            await content.CopyToAsync(output, cancellationToken);
            return;
        }

        if (Directory.Exists(local)) local = Path.Combine(local, Path.GetFileName(remote));
        // Whole or not at all: a broken download does not replace a good file.
        var temporary = $"{local}.{Environment.ProcessId}.part";
        try
        {
            await using (var file = File.Create(temporary))
                await content.CopyToAsync(file, cancellationToken);
            File.Move(temporary, local, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>One side of a copy.</summary>
    private sealed record Place(string? Sandbox, string Path)
    {
        /// <summary>A path with a colon before any slash names a sandbox, as scp(1) has it.</summary>
        public static Place Parse(string text)
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            var slash = text.IndexOf('/', StringComparison.Ordinal);
            if (colon <= 0 || (slash >= 0 && slash < colon)) return new Place(null, text);
            return colon + 1 < text.Length
                ? new Place(text[..colon], text[(colon + 1)..])
                : throw new CliException($"'{text}' names no path after the colon.", ExitCodes.Usage);
        }
    }
}
