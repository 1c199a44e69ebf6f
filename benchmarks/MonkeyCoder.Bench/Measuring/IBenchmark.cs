namespace MonkeyCoder.Bench.Measuring;

/// <summary>One thing that can be measured.</summary>
internal interface IBenchmark
{
    /// <summary>Stable name, in commands, data and tables.</summary>
    string Name { get; }

    /// <summary>What one sample covers.</summary>
    string Description { get; }

    /// <summary>Samples taken by default.</summary>
    int DefaultCount { get; }

    /// <summary>Why it cannot run here, as one sentence; null where it can.</summary>
    Task<string?> FindObstacleAsync(CancellationToken cancellationToken);

    /// <summary>Prepares, warms up once, and yields samples: milliseconds each.</summary>
    IAsyncEnumerable<double> RunAsync(int count, CancellationToken cancellationToken);
}
