using System.Diagnostics;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Egress;

/// <summary>A process in a network namespace of its own, as a sandbox's first one is.</summary>
internal sealed class NetworkOfAProcess : IDisposable
{
    private readonly Process _process;

    private NetworkOfAProcess(Process process)
    {
        _process = process;
        Pidfd = Libc.OpenPidfd(process.Id);
    }

    public FileDescriptor Pidfd { get; }

    public static async Task<NetworkOfAProcess> StartAsync()
    {
        var start = new ProcessStartInfo("/usr/bin/unshare", ["--net", "--", "/bin/cat"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        // cat answers once unshare has become it.
        await process.StandardInput.WriteLineAsync("ready");
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal("ready", await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        return new NetworkOfAProcess(process);
    }

    /// <summary>What a command says that runs in the namespace.</summary>
    public async Task<string> RunAsync(string command, params string[] arguments)
    {
        var start = new ProcessStartInfo("/usr/bin/nsenter", [$"--net=/proc/{_process.Id}/ns/net", "--", command, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var run = Process.Start(start)!;
        var error = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output + await error;
    }

    public void Dispose()
    {
        Pidfd.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
