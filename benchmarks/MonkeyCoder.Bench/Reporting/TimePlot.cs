using MonkeyCoder.Bench.Measuring;
using ScottPlot;

namespace MonkeyCoder.Bench.Reporting;

/// <summary>Samples of one benchmark over the time of its run.</summary>
internal static class TimePlot
{
    private const int Width = 900;
    private const int Height = 400;

    public static void Save(string path, IReadOnlyList<Sample> samples)
    {
        using var plot = new Plot();
        var line = plot.Add.Scatter(samples.Select(static sample => sample.Seconds).ToArray(), samples.Select(static sample => sample.Value).ToArray());
        line.MarkerSize = 0;
        line.LineWidth = 2;
        plot.XLabel("seconds");
        plot.YLabel(samples[0].Unit);
        plot.Title(samples[0].Benchmark);
        plot.SavePng(path, Width, Height);
    }
}
