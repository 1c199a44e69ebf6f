using System.Diagnostics;

namespace MonkeyCoder.Isolation.Tests.Store;

/// <summary>A process in a mount namespace of its own, with copies of all mounts that were there when it started.</summary>
internal sealed class OtherNamespace : IAsyncDisposable
{
    private readonly Process _process;

    private OtherNamespace(Process process) => _process = process;

    public static async Task<OtherNamespace> StartAsync()
    {
        // It says that it is there by echoing a line, and ends with its input.
        var start = new ProcessStartInfo("unshare", ["--mount", "cat"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        await process.StandardInput.WriteLineAsync("there");
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        return new OtherNamespace(process);
    }

    /// <summary>A file as that process sees it.</summary>
    public string ReadFile(string path) => File.ReadAllText($"/proc/{_process.Id}/root{path}");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }
}
