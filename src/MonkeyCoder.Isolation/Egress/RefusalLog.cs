using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// The lines that the refusals of one sandbox write: the first of many each its own, so that a sandbox cannot fill the log of
/// the node; the rest are counted, and the next line says how many they were.
/// </summary>
internal sealed class RefusalLog(SandboxId sandbox, ILogger logger, TimeProvider time)
{
    /// <summary>Lines at once.</summary>
    public const int Burst = 10;

    private const double PerSecond = 0.2;

    private readonly Lock _lock = new();
    private readonly TokenBucket _lines = new(PerSecond, Burst, time);
    private long _heldBack; // under _lock
    private string _owner = SandboxSpec.NodeOwner; // under _lock; of those that are held back

    public void Add(EgressRefusal refusal)
    {
        long heldBack;
        lock (_lock)
        {
            _owner = refusal.Owner;
            if (!_lines.TryTake(1))
            {
                _heldBack++;
                return;
            }

            heldBack = Take();
        }

        logger.Refused(sandbox, refusal.Owner, refusal.Host ?? refusal.Address?.ToString() ?? "-", refusal.Port, refusal.Reason, heldBack);
    }

    /// <summary>A line about those that have none yet. Called from time to time, and at the end.</summary>
    public void Flush()
    {
        long heldBack;
        string owner;
        lock (_lock) (heldBack, owner) = (Take(), _owner);
        if (heldBack > 0) logger.HeldBack(sandbox, owner, heldBack);
    }

    /// <summary>Caller holds the lock.</summary>
    private long Take()
    {
        var heldBack = _heldBack;
        _heldBack = 0;
        return heldBack;
    }
}
