using System.Globalization;
using MonkeyCoder.Bench.Measuring;
using ScottPlot;

namespace MonkeyCoder.Bench.Reporting;

/// <summary>How the p50 and p95 of benchmarks grow with what is measured beside them: those named <c>NAME@NUMBER-WHAT</c>.</summary>
internal static class GrowthPlot
{
    private const int Width = 900;
    private const int Height = 500;

    /// <summary>A plot for each WHAT that at least two benchmarks have; returns the files.</summary>
    public static IReadOnlyList<string> Save(string prefix, IEnumerable<Sample> samples)
    {
        var points = samples.Where(static sample => sample.Unit == "ms").GroupBy(static sample => sample.Benchmark)
            .Select(static group => (Key: Parse(group.Key), Row: Statistics.Of(group.Key, "ms", group.Select(static sample => sample.Value))))
            .Where(static point => point.Key is not null).ToLookup(static point => point.Key!.Value.What);
        List<string> files = [];
        foreach (var what in points.Where(static what => what.Count() > 1))
        {
            using var plot = new Plot();
            foreach (var line in what.GroupBy(static point => point.Key!.Value.Name))
            {
                var sorted = line.OrderBy(static point => point.Key!.Value.Number).ToArray();
                var numbers = sorted.Select(static point => Math.Log10(point.Key!.Value.Number)).ToArray();
                var color = plot.Add.Palette.GetColor(plot.PlottableList.Count / 2);
                Draw(plot, numbers, [.. sorted.Select(static point => point.Row.P50)], line.Key + " p50", color, LinePattern.Solid);
                Draw(plot, numbers, [.. sorted.Select(static point => point.Row.P95)], line.Key + " p95", color, LinePattern.Dotted);
            }

            plot.Axes.Bottom.TickGenerator = LogTicks("");
            plot.Axes.Left.TickGenerator = LogTicks(" ms");
            plot.XLabel(what.Key);
            plot.ShowLegend(Alignment.UpperLeft);
            files.Add(plot.SavePng($"{prefix}-{what.Key}.png", Width, Height).Path);
        }

        return files;
    }

    private static (string Name, int Number, string What)? Parse(string benchmark)
    {
        if (benchmark.Split('@') is not [var name, var load]) return null;
        return load.Split('-', 2) is [var number, var what] && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? (name, value, what)
            : null;
    }

    private static void Draw(Plot plot, double[] numbers, double[] values, string name, Color color, LinePattern pattern)
    {
        var line = plot.Add.Scatter(numbers, [.. values.Select(static value => Math.Log10(value))], color);
        line.LegendText = name;
        line.LineWidth = 2;
        line.LinePattern = pattern;
    }

    private static ScottPlot.TickGenerators.NumericAutomatic LogTicks(string unit) => new()
    {
        MinorTickGenerator = new ScottPlot.TickGenerators.LogMinorTickGenerator(),
        IntegerTicksOnly = true,
        LabelFormatter = exponent => Math.Pow(10, exponent).ToString("0.###", CultureInfo.InvariantCulture) + unit,
    };
}
