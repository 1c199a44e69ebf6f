using System.Globalization;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Bench.Reporting;

namespace MonkeyCoder.Bench;

/// <summary>Measures, one benchmark after the other, and keeps every sample.</summary>
internal static class BenchRun
{
    /// <returns>0, or 1 where something that was asked for by name could not be measured.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<IBenchmark> all, IReadOnlyList<string> names, int? count, string directory, string command, CancellationToken cancellationToken)
    {
        if (names.Except(all.Select(static benchmark => benchmark.Name)).FirstOrDefault() is { } unknown)
        {
            await Console.Error.WriteLineAsync($"bench: there is no '{unknown}'; './bench list' says what there is.");
            return 2;
        }

        var exitCode = 0;
        List<Sample> samples = [];
        var header = HeaderOf(command);
        await using var file = await RunFile.CreateAsync(directory, header);
        foreach (var benchmark in all.Where(benchmark => names.Count == 0 || names.Contains(benchmark.Name)))
        {
            if (await benchmark.FindObstacleAsync(cancellationToken) is { } obstacle)
            {
                await Console.Error.WriteLineAsync($"bench: {benchmark.Name} is left out: {obstacle}.");
                if (names.Count > 0) exitCode = 1;
                continue;
            }

            await MeasureAsync(benchmark, count ?? benchmark.DefaultCount, samples, file, cancellationToken);
        }

        if (samples.Count == 0) return 1;
        Console.WriteLine();
        Console.WriteLine(Report.Table(header, samples));
        Console.WriteLine($"Raw data: {file.Path}");
        return exitCode;
    }

    private static async Task MeasureAsync(
        IBenchmark benchmark, int count, List<Sample> samples, RunFile file, CancellationToken cancellationToken)
    {
        var index = 0;
        var interactive = !Console.IsErrorRedirected;
        var started = TimeProvider.System.GetTimestamp();
        await foreach (var value in benchmark.RunAsync(count, cancellationToken))
        {
            var seconds = Math.Round(TimeProvider.System.GetElapsedTime(started).TotalSeconds, 3);
            var sample = new Sample(benchmark.Name, index++, value, benchmark.Unit, seconds, Machine.LoadAverage);
            samples.Add(sample);
            await file.AddAsync(sample);
            if (interactive) await Console.Error.WriteAsync($"\r{benchmark.Name}: {index} of {count} ");
        }

        var values = samples.Where(sample => sample.Benchmark == benchmark.Name).Select(static sample => sample.Value);
        var row = Statistics.Of(benchmark.Name, benchmark.Unit, values);
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{(interactive ? "\r" : "")}{row.Benchmark}: n {row.Count}, p50 {row.P50:F1} {row.Unit}, p95 {row.P95:F1} {row.Unit}, p99 {row.P99:F1} {row.Unit}"));
    }

    private static RunHeader HeaderOf(string command)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new RunHeader(
            now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture), now, command,
            Environment.GetEnvironmentVariable("BENCH_COMMIT") ?? "unknown", Machine.Kernel, Machine.Processor,
            Environment.ProcessorCount, Machine.MemoryBytes, Machine.LoadAverage);
    }
}
