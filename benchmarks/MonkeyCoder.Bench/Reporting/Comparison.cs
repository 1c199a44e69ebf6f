using System.Globalization;
using System.Text;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Reporting;

/// <summary>Sets the runs of two commits side by side. Runs of one commit are pooled: take turns, so that both see the same machine.</summary>
internal static class Comparison
{
    /// <summary>The table, with the commits and the date that it is worth nothing without.</summary>
    /// <exception cref="InvalidDataException">The files of one side are of several commits, or a side is empty.</exception>
    public static string Table(IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var (first, old) = Pool(before);
        var (second, current) = Pool(after);
        var text = new StringBuilder();
        var culture = CultureInfo.InvariantCulture;
        text.AppendLine(culture, $"{before.Count + after.Count} runs on {second.StartedAt:yyyy-MM-dd}, commits {first.Commit} (before) and {second.Commit} (after): {second.Processors} × {second.Processor}, Linux {second.Kernel}.");
        text.AppendLine();
        text.AppendLine("| | n | p50 before | p50 after | ratio | p95 before | p95 after | ratio |");
        text.AppendLine("|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var (was, now) in old.Join(current, static one => one.Benchmark, static one => one.Benchmark, static (was, now) => (was, now)))
            text.AppendLine(culture, $"| `{now.Benchmark}` | {was.Count} + {now.Count} | {was.P50:F1} | {now.P50:F1} | {now.P50 / was.P50:F2} | {was.P95:F1} | {now.P95:F1} | {now.P95 / was.P95:F2} |");
        return text.ToString();
    }

    private static (RunHeader Header, IReadOnlyList<Statistics> Rows) Pool(IReadOnlyList<string> files)
    {
        var runs = files.Select(RunFile.Read).ToArray();
        if (runs.Length == 0 || runs.Any(run => run.Header.Commit != runs[0].Header.Commit))
            throw new InvalidDataException("Each side of a comparison needs runs of one commit: " + string.Join(", ", files));
        return (runs[0].Header, Report.Summarize(runs.SelectMany(static run => run.Samples)));
    }
}
