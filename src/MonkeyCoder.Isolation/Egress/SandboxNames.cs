using System.Net;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Names as one sandbox sees them: looked up by the node, kept for a minute at most. Not shared, so that no sandbox can tell
/// what others have asked for.
/// </summary>
internal sealed class SandboxNames(SandboxEgress egress)
{
    /// <summary>Longest time that an answer is kept, here and by the sandbox.</summary>
    public static readonly TimeSpan LongestLife = TimeSpan.FromSeconds(60);

    private const int MaxKept = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (ResolvedName Answer, long At)> _kept = []; // under _lock

    /// <summary>All addresses of a name, and how long they still hold; unjudged.</summary>
    /// <exception cref="NameResolutionException">It could not be looked up.</exception>
    public async Task<ResolvedName> ResolveAsync(HostName name, CancellationToken cancellationToken)
    {
        var time = egress.Gateway.Time;
        lock (_lock)
        {
            if (_kept.TryGetValue(name.Value, out var kept))
            {
                var left = kept.Answer.TimeToLive - time.GetElapsedTime(kept.At);
                if (left > TimeSpan.Zero) return kept.Answer with { TimeToLive = left };
            }
        }

        var answer = await egress.Gateway.Resolver.ResolveAsync(name, cancellationToken).ConfigureAwait(false);
        if (answer.TimeToLive > LongestLife) answer = answer with { TimeToLive = LongestLife };
        lock (_lock)
        {
            if (_kept.Count >= MaxKept) _kept.Clear();
            _kept[name.Value] = (answer, time.GetTimestamp());
        }

        return answer;
    }

    /// <summary>Addresses of a name that may be connected to; empty where the policy refuses the answer, then with the reason.</summary>
    public async Task<(IReadOnlyList<IPAddress> Addresses, TimeSpan TimeToLive, string? Reason)> ResolveCheckedAsync(
        HostName name, int? port, CancellationToken cancellationToken)
    {
        var answer = await ResolveAsync(name, cancellationToken).ConfigureAwait(false);
        var verdict = egress.Policy.JudgeAnswer(answer.Addresses.ToArray(), egress.Gateway.Addresses, out var usable, port);
        return (usable, answer.TimeToLive, verdict.Reason);
    }
}
