using System.Globalization;

namespace MonkeyCoder.Bench.Service;

/// <summary>Watches how much memory the service has: the process that <c>BENCH_SERVICE_PID</c> names.</summary>
internal sealed class ServiceMemory : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);

    private readonly string? _file;
    private readonly long _before;
    private readonly Timer _timer;
    private long _most;

    /// <summary>Begins to watch.</summary>
    public ServiceMemory()
    {
        _file = Environment.GetEnvironmentVariable("BENCH_SERVICE_PID") is { Length: > 0 } pid ? $"/proc/{pid}/status" : null;
        _before = _most = Read();
        _timer = new Timer(_ => _most = Math.Max(_most, Read()), null, Period, Period);
    }

    /// <summary>The most that it has had more than at the beginning, in bytes; NaN where it is not known which process that is.</summary>
    public double GrowthBytes => _file is null ? double.NaN : Math.Max(_most, Read()) - _before;

    public void Dispose() => _timer.Dispose();

    private long Read()
    {
        if (_file is null) return 0;
        foreach (var line in File.ReadLines(_file))
        {
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal))
                return long.Parse(line.AsSpan("VmRSS:".Length, line.Length - "VmRSS:".Length - " kB".Length).Trim(), CultureInfo.InvariantCulture) * 1024;
        }

        return 0;
    }
}
