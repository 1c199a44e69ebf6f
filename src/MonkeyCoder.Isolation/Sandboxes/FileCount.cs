namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>
/// How many files a sandbox has, known well enough without counting: what it made since the last count is bounded by the marks of its
/// pieces, and only where that may be too much are they counted. All but the limit is the watch's alone.
/// </summary>
/// <param name="id">The sandbox.</param>
/// <param name="group">Its control group.</param>
/// <param name="volumes">What it can write to.</param>
/// <param name="limit">Files that it may have.</param>
internal sealed class FileCount(SandboxId id, string group, SandboxVolumes volumes, int limit)
{
    // A count has to be worth it: one that creates and deletes near its limit would be counted at every look.
    private const int MadeShare = 8;

    // How far behind the marks may be.
    private const int StepShare = 128;

    private readonly Dictionary<string, long> _marks = [];
    private long _markAtCount;

    public SandboxId Id => id;

    /// <summary>Its control group.</summary>
    public string Group => group;

    /// <summary>Files that it may have.</summary>
    public int Limit { get; set; } = limit;

    /// <summary>What was counted last; 0 before.</summary>
    public long Counted { get; private set; }

    /// <summary>When that was (<see cref="TimeProvider.GetTimestamp"/>).</summary>
    public long CountedAt { get; private set; }

    /// <summary>What the group had used then.</summary>
    public TimeSpan CpuAtCount { get; private set; }

    /// <summary>Whether nothing can be added at present.</summary>
    public bool IsHeld => volumes.IsHeld;

    /// <summary>Whether it may have too many; cheap.</summary>
    public bool MayBeOver()
    {
        var made = ReadMarks() - _markAtCount;
        return Counted + made > Limit && made > Limit / MadeShare;
    }

    /// <summary>Counts; where there are too many, nothing can be added from then on, and where there are not, all can.</summary>
    public void Count(long now, TimeSpan cpu)
    {
        // Before the count: what is made meanwhile is counted twice rather than never.
        (_markAtCount, CountedAt, CpuAtCount) = (ReadMarks(), now, cpu);
        Counted = volumes.CountFiles();
        var over = Counted > Limit;
        if (over != IsHeld) volumes.Hold(over);
    }

    private long ReadMarks() => volumes.ReadFileMarks(_marks, Math.Max(1, Limit / StepShare));
}
