using System.Diagnostics;

namespace MonkeyCoder.Bench.Peers;

/// <summary>Runs programs that peers consist of.</summary>
internal static class Command
{
    /// <summary>Whether a program is on the path.</summary>
    public static bool Exists(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(':').Any(directory => File.Exists(Path.Combine(directory, name)));

    /// <summary>Runs to the end; null where the exit code is 0, else what it complained about.</summary>
    public static async Task<string?> TryAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var process = Start(program, arguments);
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = await process.StandardError.ReadToEndAsync(cancellationToken);
        await output;
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? null : $"{program} exited with {process.ExitCode}: {error.Trim()}";
    }

    /// <summary>Runs to the end.</summary>
    /// <exception cref="InvalidOperationException">The exit code is not 0.</exception>
    public static async Task RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        if (await TryAsync(program, arguments, cancellationToken) is { } complaint) throw new InvalidOperationException(complaint);
    }

    /// <summary>Runs to the end and gives the time that took.</summary>
    public static async Task<double> TimeAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await RunAsync(program, arguments, cancellationToken);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    public static Process Start(string program, IEnumerable<string> arguments) => Process.Start(
        new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException($"{program} did not start.");
}
