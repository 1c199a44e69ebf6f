using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>
/// A file of 1 GiB into a sandbox or out of it, and how much the memory of the service grew meanwhile, where it runs on this
/// machine and can be found.
/// </summary>
internal sealed class FileTransfer(SandboxClient client, bool upload) : IBenchmark
{
    private const long FileBytes = 1L << 30;
    private const string Path = "/home/user/transferred";
    private const double Mebibyte = 1024 * 1024;

    public string Name => upload ? "upload-1gib" : "download-1gib";

    public string Description => upload ? "write a file of 1 GiB into a sandbox" : "read a file of 1 GiB out of a sandbox";

    public int DefaultCount => 5;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        await client.IsHealthyAsync(cancellationToken) ? null : Node.DoesNotRun;

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
        await UploadAsync(sandbox, cancellationToken);
        for (var index = 0; index < count; index++) yield return await MeasureAsync(sandbox, cancellationToken);
    }

    /// <summary>Milliseconds of one transfer.</summary>
    private async Task<double> MeasureAsync(RemoteSandbox sandbox, CancellationToken cancellationToken)
    {
        using var memory = new ServiceMemory();
        var clock = Stopwatch.StartNew();
        if (upload) await UploadAsync(sandbox, cancellationToken);
        else await DownloadAsync(sandbox, cancellationToken);
        clock.Stop();
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{Name}: {FileBytes / 1e6 / clock.Elapsed.TotalSeconds:F0} MB/s, the service grew by {memory.GrowthBytes / Mebibyte:F0} MiB"));
        return clock.Elapsed.TotalMilliseconds;
    }

    private static async Task UploadAsync(RemoteSandbox sandbox, CancellationToken cancellationToken)
    {
        await using var content = new Zeros(FileBytes);
        await sandbox.WriteFileAsync(Path, content, cancellationToken: cancellationToken);
    }

    private static async Task DownloadAsync(RemoteSandbox sandbox, CancellationToken cancellationToken)
    {
        await using var content = await sandbox.ReadFileAsync(Path, cancellationToken: cancellationToken);
        var buffer = new byte[1024 * 1024];
        long bytes = 0;
        while (await content.ReadAsync(buffer, cancellationToken) is > 0 and var read) bytes += read;
        if (bytes != FileBytes) throw new InvalidDataException($"{bytes} bytes came back instead of {FileBytes}.");
    }
}
