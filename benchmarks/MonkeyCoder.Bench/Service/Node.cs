using System.Globalization;
using System.Text.Json;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>The service that is measured, as the machine sees it: the bench runs on the same one.</summary>
internal sealed class Node(SandboxClient client)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>pid of the service that ./bench has started; null where it measures one that ran already.</summary>
    public static int? ProcessId =>
        int.TryParse(Environment.GetEnvironmentVariable("BENCH_SERVICE_PID"), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;

    /// <summary>Why nothing of the service can be measured before it runs; <c>./bench run</c> starts it.</summary>
    public const string DoesNotRun = "the sandbox service does not answer";

    public SandboxClient Client => client;

    /// <summary>Why it cannot be measured; null where it can.</summary>
    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        await client.IsHealthyAsync(cancellationToken) ? null : DoesNotRun;

    /// <summary>Sandboxes that wait in its pool.</summary>
    public static async Task<int> ReadPooledAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = new Uri(Environment.GetEnvironmentVariable("MONKEY_URL") ?? "http://127.0.0.1:8001") };
        using var health = JsonDocument.Parse(await http.GetStringAsync(new Uri("/sandbox/health", UriKind.Relative), cancellationToken));
        return health.RootElement.GetProperty("pooled").GetInt32();
    }

    /// <summary>Waits until the pool is neither filled nor emptied any more, so that one sample does not pay for the last one.</summary>
    public static async Task SettleAsync(CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        var (since, pooled) = (started, await ReadPooledAsync(cancellationToken));
        while (TimeProvider.System.GetElapsedTime(since) < Calm && TimeProvider.System.GetElapsedTime(started) < Patience)
        {
            await Task.Delay(Look, cancellationToken);
            var now = await ReadPooledAsync(cancellationToken);
            if (now != pooled) (since, pooled) = (TimeProvider.System.GetTimestamp(), now);
        }
    }

    /// <summary>Resident memory of the service, MB.</summary>
    public static double ReadServiceMegabytes() => ReadKilobytes($"/proc/{ProcessId}/status", "VmRSS:") / 1000;

    /// <summary>
    /// Memory of all processes of a sandbox, MB: their proportional set size (proc(5), smaps_rollup), in which a page that
    /// several share counts for each by its share.
    /// </summary>
    public static double ReadSandboxMegabytes(string sandboxId)
    {
        var total = 0.0;
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(static path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                if (File.ReadAllText(process + "/cgroup").Contains("/" + sandboxId, StringComparison.Ordinal))
                    total += ReadKilobytes(process + "/smaps_rollup", "Pss:");
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return total / 1000;
    }

    /// <summary>Creates a sandbox, and has one command done in it.</summary>
    public async Task<RemoteSandbox> CreateAndEchoAsync(CancellationToken cancellationToken)
    {
        var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
        try
        {
            var result = await sandbox.RunCommandAsync("echo 1", cancellationToken: cancellationToken);
            ServiceBenchmarks.Expect("1\n", result.Stdout);
            return sandbox;
        }
        catch
        {
            await sandbox.DisposeAsync();
            throw;
        }
    }

    private static double ReadKilobytes(string path, string field) => double.Parse(
        File.ReadLines(path).First(line => line.StartsWith(field, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) * 1.024;
}
