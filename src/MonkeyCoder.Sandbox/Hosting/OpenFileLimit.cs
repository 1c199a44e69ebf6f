using System.Globalization;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>How many files this process may have open (proc_pid_limits(5)); the runtime has raised the soft limit to the hard one.</summary>
internal static class OpenFileLimit
{
    private const string Name = "Max open files";

    /// <summary>The soft limit; <see cref="int.MaxValue"/> where there is none, or it cannot be read.</summary>
    public static int Read()
    {
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        var soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : int.MaxValue;
    }
}
