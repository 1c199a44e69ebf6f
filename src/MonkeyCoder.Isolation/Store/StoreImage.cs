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
    /// <exception cref="HostNotReadyException">The program is missing or failed.</exception>
    public static void Ensure(string file, long sizeBytes, string program, IReadOnlyList<string> arguments)
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
            using (var stream = new FileStream(unfinished, options))
                stream.SetLength(sizeBytes);
            Run(program, [.. arguments, unfinished]);
            File.Move(unfinished, file);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    private static void Run(string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Start(start);
        process.StandardInput.Close();
        // Notes for people; read so that the program is not held up by a full pipe.
        process.BeginOutputReadLine();
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new HostNotReadyException($"{program} on {arguments[^1]} failed with {process.ExitCode}: {error.Trim()}");
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
