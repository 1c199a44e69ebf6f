using System.Globalization;
using System.Text;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Reporting;

/// <summary>What was to be reached, what was, and what peers need for the same work.</summary>
internal static class TargetTable
{
    /// <summary>The table; nothing where no sample is of a benchmark that has a target.</summary>
    public static string Of(IReadOnlyList<Sample> samples)
    {
        var byName = samples.ToLookup(static sample => sample.Benchmark);
        var measured = Targets.All.Select(target => (Target: target, Value: target.Read(byName))).ToArray();
        if (measured.All(static row => row.Value is null)) return "";
        var text = new StringBuilder();
        text.AppendLine("| work | to reach | measured | reached | peer | ratio |");
        text.AppendLine("|---|---:|---:|---|---|---:|");
        foreach (var (target, value) in measured) text.AppendLine(Row(target, value, byName));
        return text.ToString();
    }

    private static string Row(Target target, double? value, ILookup<string, Sample> samples)
    {
        var culture = CultureInfo.InvariantCulture;
        var bound = string.Create(culture, $"{(target.AtLeast ? "≥" : "≤")} {target.Limit:0.##} {target.Unit}");
        if (value is not { } figure) return $"| {target.Work} | {bound} | not measured in this run | | | |";
        var peer = target.Peer is { } name ? Targets.Of(samples[name]) : null;
        return string.Create(culture, $"| {target.Work} | {bound} | {figure:0.##} {target.Unit} | {(target.IsReached(figure) ? "yes" : "**no**")} | ")
            + (peer is null ? "| |" : string.Create(culture, $"`{peer.Benchmark}` {peer.P50:0.#} {peer.Unit} | {figure / peer.P50:0.###} |"));
    }
}
