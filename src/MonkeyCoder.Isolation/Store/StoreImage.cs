using System.ComponentModel;
using System.Diagnostics;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Store;

/// <summary>A sparse file with a file system in it.</summary>
internal static class StoreImage
{
    private const long MaxDefaultBytes = 64L << 30;
    private const long MinBytes = 256L << 20;

    /// <summary>Size for a new store in <paramref name="directory"/>, whole MiB.</summary>
    /// <exception cref="HostNotReadyException">Less than 256 MiB asked for or free.</exception>
    public static long ChooseSize(string directory, long? askedBytes)
    {
        var size = askedBytes ?? Math.Min(MaxDefaultBytes, new DriveInfo(directory).AvailableFreeSpace / 100 * 80);
        return size >= MinBytes
            ? size >> 20 << 20
            : throw new HostNotReadyException(
                $"The store in {directory} would have {size >> 20} MiB and needs {MinBytes >> 20}: free some space or set another state directory.");
    }

    /// <summary>
    /// Makes <paramref name="file"/>, mode 0600, unless it exists: under another name first, so that a file of that name is always whole.
    /// </summary>
    /// <param name="file">Path of the image.</param>
    /// <param name="sizeBytes">Apparent size.</param>
    /// <param name="program">mkfs program; the path comes as its last argument.</param>
    /// <param name="arguments">What comes before the path.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <exception cref="HostNotReadyException">The program is missing or failed.</exception>
    public static async Task EnsureAsync(
        string file, long sizeBytes, string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        if (File.Exists(file)) return;
        var unfinished = file + ".new";
        File.Delete(unfinished);
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            await using (var stream = new FileStream(unfinished, options))
                stream.SetLength(sizeBytes);
            await RunAsync(program, [.. arguments, unfinished], cancellationToken);
            File.Move(unfinished, file);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    private static async Task RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Start(start);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            await output;
            if (process.ExitCode != 0)
                throw new HostNotReadyException($"{program} on {arguments[^1]} failed with {process.ExitCode}: {(await error).Trim()}");
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new HostNotReadyException($"{start.FileName} cannot be run: install btrfs-progs and e2fsprogs.", e);
        }
    }
}
