using Microsoft.Extensions.Logging;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>
/// Limits the number of files of each sandbox, which no quota of the store does. Between two looks a sandbox can go over by what it
/// makes in that time. One thread does all of it, and counts one sandbox at a time.
/// </summary>
/// <remarks>
/// <para>1. Where all sandboxes together have done next to nothing since the last look, step 2 is left out.</para>
/// <para>2. Whoever may have too many is counted, and can add nothing from then on if it has.</para>
/// <para>3. Of those that are held, the one whose last count is the oldest is counted again, once it has run: it may have deleted some.</para>
/// </remarks>
internal sealed class FileWatch : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LeastBetweenCounts = TimeSpan.FromSeconds(2);

    // Counting those that are held takes a tenth of one CPU, however many they are.
    private const int RestPerCount = 9;

    // Enough for a few thousand files.
    private static readonly TimeSpan WorthALook = TimeSpan.FromMilliseconds(50);

    private readonly Func<IEnumerable<FileCount>> _all;
    private readonly Func<string, TimeSpan> _cpuTime;
    private readonly string _groupOfAll;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;
    private TimeSpan _cpuAtLook; // the loop's own
    private long _nextRecount; // the loop's own

    /// <param name="all">Sandboxes that are there now.</param>
    /// <param name="cpuTime">Reads what a control group has used.</param>
    /// <param name="groupOfAll">The group around those of all sandboxes.</param>
    /// <param name="logger">For sandboxes.</param>
    /// <param name="time">Clock.</param>
    public FileWatch(Func<IEnumerable<FileCount>> all, Func<string, TimeSpan> cpuTime, string groupOfAll, ILogger logger, TimeProvider time)
    {
        (_all, _cpuTime, _groupOfAll, _logger, _time) = (all, cpuTime, groupOfAll, logger, time);
    }

    /// <summary>Looks four times a second from now on.</summary>
    public void Start() => _loop = Task.Run(() => RunAsync(_stopping.Token));

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Period, _time);
        while (await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false))
        {
            try
            {
                Look();
            }
#pragma warning disable CA1031 // Without the watch files are not limited any more: it goes on whatever one look ran into.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _logger.FileWatchFailed(e);
            }
        }
    }

    /// <summary>One look at all; not to be called twice at a time.</summary>
    public void Look()
    {
        // :: Step 1
        var cpu = _cpuTime(_groupOfAll);
        var isQuiet = cpu - _cpuAtLook < WorthALook;
        if (!isQuiet) _cpuAtLook = cpu;

        // :: Step 2
        var held = new List<FileCount>();
        foreach (var files in _all())
        {
            if (files.IsHeld) held.Add(files);
            else if (!isQuiet) CountIf(files, static files => files.MayBeOver());
        }

        // :: Step 3
        if (held.Count == 0 || _time.GetTimestamp() < _nextRecount) return;
        var oldest = held
            .Where(files => _time.GetElapsedTime(files.CountedAt) >= LeastBetweenCounts)
            .OrderBy(static files => files.CountedAt)
            .FirstOrDefault(files => _cpuTime(files.Group) > files.CpuAtCount);
        if (oldest is null) return;
        var started = _time.GetTimestamp();
        CountIf(oldest, static _ => true);
        var ended = _time.GetTimestamp();
        _nextRecount = ended + ((ended - started) * RestPerCount);
    }

    private void CountIf(FileCount files, Predicate<FileCount> isWorthIt)
    {
        try
        {
            if (!isWorthIt(files)) return;
            var wasHeld = files.IsHeld;
            files.Count(_time.GetTimestamp(), _cpuTime(files.Group));
            if (files.IsHeld && !wasHeld) _logger.FilesHeld(files.Id, files.Counted, files.Limit);
        }
        catch (SyscallException e)
        {
            // One that is being removed has no files any more. What another one ran into is not to keep the rest from being looked at.
            if (e.Errno != ErrnoName.ENOENT) _logger.FileWatchFailed(e);
        }
    }
}
