using System.Globalization;
using System.Text;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Reporting;

/// <summary>Turns the raw data of a run into a table and a plot.</summary>
internal static class Report
{
    /// <summary>Prints tables, draws plots, and puts both into a document.</summary>
    /// <exception cref="InvalidDataException">There is no data, or the document has no place for it.</exception>
    public static async Task<int> RunAsync(IReadOnlyList<string> files, string directory, FileInfo? document, CancellationToken cancellationToken)
    {
        if (files.Count == 0) files = [FindLatest(directory) ?? throw new InvalidDataException("Nothing has been measured yet; './bench run' does it.")];
        var runs = files.Select(RunFile.Read).Where(static run => run.Samples.Count > 0).ToArray();
        if (runs.Length == 0) throw new InvalidDataException($"{string.Join(", ", files)} has no samples.");
        // Of a benchmark in several runs, the last.
        var last = runs.SelectMany(static run => run.Samples.Select(sample => (run.Header.Run, sample.Benchmark)))
            .GroupBy(static one => one.Benchmark).ToDictionary(static group => group.Key, static group => group.Last().Run);
        var chosen = runs.Select(run => (run.Header, Samples: run.Samples.Where(sample => last[sample.Benchmark] == run.Header.Run).ToArray()))
            .Where(static run => run.Samples.Length > 0).ToArray();
        Sample[] all = [.. chosen.SelectMany(static run => run.Samples)];

        var text = string.Join('\n', [TargetTable.Of(all), .. chosen.Select(static run => Table(run.Header, run.Samples))]);
        var prefix = document is null ? Path.ChangeExtension(files[^1], null) : Path.Combine(document.DirectoryName!, "performance");
        var pictures = Draw(prefix, all);
        Console.WriteLine(text);
        foreach (var (path, caption) in pictures) Console.WriteLine($"{path}: {caption}");
        if (document is null) return 0;
        var links = string.Join('\n', pictures.Select(static picture => $"![{picture.Caption}]({Path.GetFileName(picture.Path)})\n"));
        await InsertAsync(document.FullName, "figures", text + "\n" + links, cancellationToken);
        return 0;
    }

    /// <summary>The latest run's file; null where there is none.</summary>
    public static string? FindLatest(string directory) => Directory.Exists(directory)
        ? Directory.EnumerateFiles(directory, "*.jsonl").Order(StringComparer.Ordinal).LastOrDefault()
        : null;

    /// <summary>Statistics by benchmark, in the order they were measured.</summary>
    public static IReadOnlyList<Statistics> Summarize(IEnumerable<Sample> samples) =>
        [.. samples.GroupBy(static sample => sample.Benchmark).Select(static group => Statistics.Of(group.Key, group.First().Unit, group.Select(static sample => sample.Value)))];

    /// <summary>The table, with the command, date and machine that it is worth nothing without.</summary>
    public static string Table(RunHeader header, IReadOnlyList<Sample> samples)
    {
        var text = new StringBuilder();
        var culture = CultureInfo.InvariantCulture;
        text.AppendLine(culture, $"`{header.Command}` on {header.StartedAt:yyyy-MM-dd}, commit {header.Commit}: {header.Processors} × {header.Processor}, {header.MemoryBytes >> 30} GiB, Linux {header.Kernel}; load average {header.LoadAverage} at the start, {samples[^1].LoadAverage} at the end.");
        text.AppendLine();
        text.AppendLine("| | n | p50 | p95 | p99 | |");
        text.AppendLine("|---|---:|---:|---:|---:|---|");
        foreach (var row in Summarize(samples))
            text.AppendLine(culture, $"| `{row.Benchmark}` | {row.Count} | {row.P50:F1} | {row.P95:F1} | {row.P99:F1} | {row.Unit} |");
        return text.ToString();
    }

    /// <summary>Draws what a run has to show.</summary>
    /// <returns>Files, each beginning with the prefix, and what they show.</returns>
    private static List<(string Path, string Caption)> Draw(string prefix, IReadOnlyList<Sample> samples)
    {
        var shares = prefix + ".png";
        RunPlot.Save(shares, samples);
        List<(string, string)> drawn = [(shares, "share of samples by time")];
        drawn.AddRange(GrowthPlot.Save(prefix, samples).Select(static path => (path, "p50 and p95 under a growing load")));
        foreach (var series in samples.Where(static sample => sample.Benchmark == "pool-recovery").GroupBy(static sample => sample.Benchmark))
        {
            var path = $"{prefix}-{series.Key}.png";
            TimePlot.Save(path, [.. series]);
            drawn.Add((path, "the pool before, in and after a burst"));
        }

        return drawn;
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
