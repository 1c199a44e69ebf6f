namespace MonkeyCoder.Bench.Measuring;

/// <summary>Percentiles of one benchmark, in its unit.</summary>
internal sealed record Statistics(string Benchmark, string Unit, int Count, double P50, double P95, double P99)
{
    /// <summary>By the nearest rank, so every figure is one that was measured.</summary>
    public static Statistics Of(string benchmark, string unit, IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return new Statistics(benchmark, unit, sorted.Length, Rank(sorted, 50), Rank(sorted, 95), Rank(sorted, 99));
    }

    private static double Rank(double[] sorted, int percent) =>
        sorted.Length == 0 ? double.NaN : sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * percent / 100.0) - 1)];
}
