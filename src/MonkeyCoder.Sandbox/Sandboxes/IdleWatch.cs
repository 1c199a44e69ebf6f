using Microsoft.Extensions.Options;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>
/// Ends sandboxes that nobody has used for <c>Sandboxes:IdleTimeout</c>; does nothing where that is not set. Looks a few
/// times within that time: an idle sandbox may live a little longer, never shorter.
/// </summary>
internal sealed class IdleWatch(
    ISandboxRegistry registry, IOptions<SandboxesOptions> options, TimeProvider time) : BackgroundService
{
    private const int LooksPerTimeout = 4;

    private static readonly TimeSpan ShortestLook = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(30);

    // Only the loop touches it: how each sandbox was seen when it last had changed.
    private Dictionary<LiveSandbox, (long Changes, long Since)> _seen = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.IdleTimeout is not { } timeout) return;
        var look = timeout / LooksPerTimeout;
        using var timer = new PeriodicTimer(look < ShortestLook ? ShortestLook : look > LongestLook ? LongestLook : look, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false)) Look(timeout);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    /// <summary>Looks at every sandbox once.</summary>
    internal void Look(TimeSpan timeout)
    {
        var now = time.GetTimestamp();
        var seen = new Dictionary<LiveSandbox, (long Changes, long Since)>();
        foreach (var sandbox in registry.All)
        {
            var changes = sandbox.Activity.Changes;
            // One that is paused has a time of its own, and is not idle when it comes back.
            var isIdle = !sandbox.IsPaused && !sandbox.Activity.IsInUse && _seen.TryGetValue(sandbox, out var before) && before.Changes == changes;
            seen[sandbox] = isIdle ? _seen[sandbox] : (changes, now);
            // The registry follows its end, which nobody waits for here.
            if (isIdle && time.GetElapsedTime(seen[sandbox].Since, now) >= timeout) registry.BeginEnd(sandbox, SandboxEnd.Idle);
        }

        _seen = seen;
    }
}
