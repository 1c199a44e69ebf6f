using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Names the limits that a cell has felt.</summary>
internal static class FeltLimits
{
    public const string Cpu = "cpu";
    public const string Output = "output";
    public const string WallTime = "wall_time";
    public const string Bandwidth = "bandwidth";
    public const string Connections = "connections";

    // Of what slows down. A cell that starts after a pause runs into its quota for a moment, and nobody can tell.
    private const double NoticeableShare = 0.1;

    // Reasons of a kill that are no limits.
    private static readonly HashSet<string> OtherReasons = ["kernel_died", "kernel_restarted", "sandbox_died", "sandbox_killed"];

    /// <summary>Whether the reason of a kill is the name of a limit.</summary>
    public static bool IsLimit(string reason) => !OtherReasons.Contains(reason);

    /// <summary>null where there was none.</summary>
    public static IReadOnlyList<string>? Of(CellEnded end, IReadOnlyList<OutputCut>? cuts)
    {
        var limits = new List<string>();
        if (end is { Status: CellStatus.Killed, Reason: { } reason } && IsLimit(reason)) limits.Add(reason);
        if (end.Status == CellStatus.Timeout) limits.Add(WallTime);
        if (cuts?.Any(static cut => cut.Reason is "output_limit" or "line_limit") == true) limits.Add(Output);
        if (end.Measured is { Before: { } before, After: { } after, WallTime: var time })
        {
            if (IsNoticeable(after.CpuThrottledTime - before.CpuThrottledTime, time)) limits.Add(Cpu);
            if (IsNoticeable(after.NetworkDelayedTime - before.NetworkDelayedTime, time)) limits.Add(Bandwidth);
            if (after.ConnectionsRefused > before.ConnectionsRefused || IsNoticeable(after.ConnectionsDelayedTime - before.ConnectionsDelayedTime, time))
                limits.Add(Connections);
        }

        return limits.Count > 0 ? limits : null;
    }

    private static bool IsNoticeable(TimeSpan delay, TimeSpan time) => delay > time * NoticeableShare;
}
