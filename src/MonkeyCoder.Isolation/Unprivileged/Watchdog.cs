using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>
/// Looks at all sandboxes a few times a second and kills what goes over its memory, disk or number of files. Between two looks a sandbox can go
/// over its limit by as much as the machine hands out in that time.
/// </summary>
internal sealed class Watchdog : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);
    private const int LooksPerDiskLook = 5;

    // Processes that come and go between two looks leave no trace of their time where nobody waits for them.
    private const int LooksPerLookAtEveryDisk = 5 * LooksPerDiskLook;

    private readonly UserGroups _groups;
    private readonly DirectoryStore _store;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;
    private readonly Dictionary<string, TimeSpan> _cpuAtDiskLook = []; // the loop's own

    public Watchdog(UserGroups groups, DirectoryStore store, ILogger logger, TimeProvider time)
    {
        _groups = groups;
        _store = store;
        _logger = logger;
        _loop = Task.Run(() => RunAsync(time, _stopping.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task RunAsync(TimeProvider time, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Period, time);
        for (var look = 1; await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false); look++)
        {
            try
            {
                Look(disk: look % LooksPerDiskLook == 0, everyDisk: look % LooksPerLookAtEveryDisk == 0);
            }
#pragma warning disable CA1031 // Without the watchdog nothing is limited any more: it goes on whatever one look ran into.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _logger.WatchFailed(e);
            }
        }
    }

    private void Look(bool disk, bool everyDisk)
    {
        var all = UserProcess.ReadAll();
        foreach (var (name, group) in _groups.All)
        {
            var usage = group.Measure(all);
            if (usage.MemoryBytes > group.Limits.MemoryBytes) group.KillLargest(all);
            // Who has not run has not written either.
            var cpu = group.CountedCpuTime;
            if (!disk || (!everyDisk && _cpuAtDiskLook.TryGetValue(name, out var before) && before == cpu)) continue;
            _cpuAtDiskLook[name] = cpu;
            if (SandboxId.TryParse(name, out var id) && _store.IsOverLimit(id, group.Limits.Files)) group.KillWork(all);
        }

        if (!disk) return;
        foreach (var gone in _cpuAtDiskLook.Keys.Except(_groups.All.Select(static group => group.Key)).ToArray()) _cpuAtDiskLook.Remove(gone);
    }
}
