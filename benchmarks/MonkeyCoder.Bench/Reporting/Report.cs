using System.Globalization;
using System.Text;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Reporting;

/// <summary>Turns the raw data of a run into a table and a plot.</summary>
internal static class Report
{
    /// <summary>The latest run's file; null where there is none.</summary>
    public static string? FindLatest(string directory) => Directory.Exists(directory)
        ? Directory.EnumerateFiles(directory, "*.jsonl").Order(StringComparer.Ordinal).LastOrDefault()
        : null;

    /// <summary>Statistics by benchmark, in the order they were measured.</summary>
    public static IReadOnlyList<Statistics> Summarize(IEnumerable<Sample> samples) =>
        [.. samples.GroupBy(static sample => sample.Benchmark).Select(static group => Statistics.Of(group.Key, group.Select(static sample => sample.Milliseconds)))];

    /// <summary>The table, with the command, date and machine that it is worth nothing without.</summary>
    public static string Table(RunHeader header, IReadOnlyList<Sample> samples)
    {
        var text = new StringBuilder();
        var culture = CultureInfo.InvariantCulture;
        text.AppendLine(culture, $"`{header.Command}` on {header.StartedAt:yyyy-MM-dd}, commit {header.Commit}: {header.Processors} × {header.Processor}, {header.MemoryBytes >> 30} GiB, Linux {header.Kernel}; load average {header.LoadAverage} at the start, {samples[^1].LoadAverage} at the end. Milliseconds.");
        text.AppendLine();
        text.AppendLine("| | n | p50 | p95 | p99 |");
        text.AppendLine("|---|---:|---:|---:|---:|");
        foreach (var row in Summarize(samples))
            text.AppendLine(culture, $"| `{row.Benchmark}` | {row.Count} | {row.P50:F1} | {row.P95:F1} | {row.P99:F1} |");
        return text.ToString();
    }

    /// <summary>Replaces what stands in a document between the markers of a name.</summary>
    /// <exception cref="InvalidDataException">The document has no markers.</exception>
    public static async Task InsertAsync(string document, string name, string text, CancellationToken cancellationToken)
    {
        string beginMark = $"<!-- {name}: begin -->", endMark = $"<!-- {name}: end -->";
        var content = await File.ReadAllTextAsync(document, cancellationToken);
        var begin = content.IndexOf(beginMark, StringComparison.Ordinal);
        var end = content.IndexOf(endMark, StringComparison.Ordinal);
        if (begin < 0 || end < begin) throw new InvalidDataException($"{document} has no lines '{beginMark}' and '{endMark}'.");
        await File.WriteAllTextAsync(document, $"{content[..(begin + beginMark.Length)]}\n{text.TrimEnd()}\n{content[end..]}", cancellationToken);
    }
}
