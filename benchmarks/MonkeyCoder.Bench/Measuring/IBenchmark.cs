namespace MonkeyCoder.Bench.Measuring;

/// <summary>One thing that can be measured.</summary>
internal interface IBenchmark
{
    /// <summary>
    /// Stable name, in commands, data and tables. <c>NAME@5-live</c> and <c>NAME@50-live</c> are one thing measured under
    /// growing load, and share a plot.
    /// </summary>
    string Name { get; }

    /// <summary>What one sample covers.</summary>
    string Description { get; }

    /// <summary>Samples taken by default.</summary>
    int DefaultCount { get; }

    /// <summary>Of the samples.</summary>
    string Unit => "ms";

    /// <summary>Why it cannot run here, as one sentence; null where it can.</summary>
    Task<string?> FindObstacleAsync(CancellationToken cancellationToken);

    /// <summary>Prepares, warms up once, and yields samples in <see cref="Unit"/>.</summary>
    IAsyncEnumerable<double> RunAsync(int count, CancellationToken cancellationToken);
}
