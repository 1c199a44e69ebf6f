using System.Diagnostics;
using System.Globalization;

namespace MonkeyCoder.Isolation.Tests.Store;

/// <summary>Runs a program as a user without rights; root is held by no quota in some file systems.</summary>
internal static class UserProcess
{
    public const uint User = 61234;

    /// <summary>Writes <paramref name="mebibytes"/> to a file; returns exit code and what dd(1) said.</summary>
    public static async Task<(int ExitCode, string Error)> WriteAsync(string path, int mebibytes)
    {
        var user = User.ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo("setpriv",
        [
            "--reuid", user, "--regid", user, "--clear-groups", "--inh-caps", "-all",
            "dd", "if=/dev/zero", $"of={path}", "bs=1M", $"count={mebibytes}", "conv=fsync", "status=none",
        ])
        {
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, error);
    }
}
