using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Reporting;

/// <summary>What this service is to reach on two cores, over HTTP.</summary>
internal static class Targets
{
    private const double Minute = 60;
    private const double Gibibyte = 1 << 30; // bytes

    public static IReadOnlyList<Target> All { get; } =
    [
        Most("create, first `echo` done: p50", 10, "create-first-command", static row => row.P50, "docker-run"),
        Most("create, first `echo` done: p95", 25, "create-first-command", static row => row.P95, "docker-run"),
        Most("create, first pandas cell done: p50", 20, "create-first-pandas", static row => row.P50, "ipykernel-start"),
        Most("create, first pandas cell done: p95", 50, "create-first-pandas", static row => row.P95, "ipykernel-start"),
        Most("100 at once, create and `echo`: p50 of the time until the last", 500, "burst-100", static row => row.P50),
        new("create, command, destroy, for 5 minutes: cycles each second", 60, true, "/s", static samples => PerSecond(samples["sustained"])),
        new("the same: p95 of the last minute, in that of the first", 1.2, false, "×", static samples => Slowdown(samples["sustained"])),
        Most("cell `1+1` in a live sandbox: p50", 1.5, "cell-round-trip", static row => row.P50, "ipykernel-round-trip"),
        Most("cell `1+1` in a live sandbox: p99", 6, "cell-round-trip", static row => row.P99, "ipykernel-round-trip"),
        Most("command `echo` in a live sandbox: p50", 4, "command-round-trip", static row => row.P50),
        Most("memory of an idle sandbox with pandas: p50", 5, "idle-memory", static row => row.P50),
        Most("memory of the machine with 1,000 live sandboxes", 24_000, "machine-memory@1000-live", static row => row.P50),
        new("p95 of create with 1,000 live sandboxes, in that with one", 2, false, "×", static samples =>
            Of(samples["create-first-command@1000-live"])?.P95 / Of(samples["create-first-command@1-live"])?.P95),
        new("upload of 1 GiB: p50", 400, true, "MB/s", static samples => Rate(samples["upload-1gib"])),
        new("download of 1 GiB: p50", 400, true, "MB/s", static samples => Rate(samples["download-1gib"])),
        new("request to a port in a sandbox, more than without the service: p50", 0.3, false, "ms", static samples =>
            Of(samples["proxy-request"])?.P50 - Of(samples["direct-request"])?.P50),
        Most("pause, resume, first cell done: p50", 50, "pause-resume", static row => row.P50),
        new("memory of the service after 10,000 sandboxes, in that after 1,000", 1.05, false, "×", static samples => Drift(samples["cycle-memory"])),
    ];

    private static Target Most(string work, double limit, string benchmark, Func<Statistics, double> figure, string? peer = null) =>
        new(work, limit, false, UnitOf(benchmark), samples => Of(samples[benchmark]) is { } row ? figure(row) : null) { Peer = peer };

    private static string UnitOf(string benchmark) => benchmark switch
    {
        "idle-memory" or "machine-memory@1000-live" => "MB",
        _ => "ms",
    };

    internal static Statistics? Of(IEnumerable<Sample> samples) =>
        samples.FirstOrDefault() is { } first ? Statistics.Of(first.Benchmark, first.Unit, samples.Select(static sample => sample.Value)) : null;

    private static double? Rate(IEnumerable<Sample> samples) => Gibibyte / 1000 / Of(samples)?.P50;

    private static double? PerSecond(IEnumerable<Sample> samples) => samples.LastOrDefault() is { } last ? samples.Count() / last.Seconds : null;

    private static double? Slowdown(IEnumerable<Sample> samples)
    {
        if (samples.LastOrDefault() is not { Seconds: > 2 * Minute } last) return null;
        var first = Of(samples.Where(static sample => sample.Seconds <= Minute));
        return Of(samples.Where(sample => sample.Seconds > last.Seconds - Minute))?.P95 / first?.P95;
    }

    /// <summary>Of the median of the last ten samples to that of the tenth and those after it: before that, caches fill.</summary>
    private static double? Drift(IEnumerable<Sample> samples)
    {
        var values = samples.ToArray();
        return values.Length < 100 ? null : Of(values[^10..])!.P50 / Of(values[9..19])!.P50;
    }
}
