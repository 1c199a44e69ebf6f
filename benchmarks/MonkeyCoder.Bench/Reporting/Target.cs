using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Reporting;

/// <summary>A figure that is to be reached.</summary>
/// <param name="Work">What is done, and which figure of it counts.</param>
/// <param name="Limit">The figure to reach.</param>
/// <param name="AtLeast">Whether more is better; else less is.</param>
/// <param name="Unit">Of the figure.</param>
/// <param name="Read">Takes it from samples by benchmark; null where they are not there.</param>
internal sealed record Target(string Work, double Limit, bool AtLeast, string Unit, Func<ILookup<string, Sample>, double?> Read)
{
    /// <summary>The benchmark of a peer that does the same work, measured beside ours; null for none.</summary>
    public string? Peer { get; init; }

    public bool IsReached(double value) => AtLeast ? value >= Limit : value <= Limit;
}
