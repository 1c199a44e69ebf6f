using System.Globalization;
using MonkeyCoder.Bench.Measuring;
using ScottPlot;

namespace MonkeyCoder.Bench.Reporting;

/// <summary>A picture of a run: the share of samples that took at most so long, one line for each benchmark.</summary>
internal static class RunPlot
{
    private const int Width = 1000;
    private const int Height = 600;

    public static void Save(string path, IEnumerable<Sample> samples)
    {
        using var plot = new Plot();
        // What grows with a load has a plot of its own.
        foreach (var group in samples.Where(static sample => sample.Unit == "ms" && !sample.Benchmark.Contains('@', StringComparison.Ordinal)).GroupBy(static sample => sample.Benchmark))
        {
            var sorted = group.Select(static sample => Math.Log10(Math.Max(sample.Value, 0.001))).Order().ToArray();
            var shares = sorted.Select((_, index) => 100.0 * (index + 1) / sorted.Length).ToArray();
            var line = plot.Add.Scatter(sorted, shares);
            line.LegendText = group.Key;
            line.MarkerSize = 0;
            line.LineWidth = 2;
            line.ConnectStyle = ConnectStyle.StepHorizontal;
        }

        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
        {
            MinorTickGenerator = new ScottPlot.TickGenerators.LogMinorTickGenerator(),
            IntegerTicksOnly = true,
            LabelFormatter = static exponent => Math.Pow(10, exponent).ToString("0.###", CultureInfo.InvariantCulture) + " ms",
        };
        plot.YLabel("percent of samples");
        plot.ShowLegend(Alignment.LowerRight);
        plot.SavePng(path, Width, Height);
    }
}
