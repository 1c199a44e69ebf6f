using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

public sealed class FileWatchTests : IAsyncDisposable
{
    private const int Limit = 800;
    private const long DiskBytes = 1 << 20;
    private const string All = "/all";
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    private readonly FakeStore _store = new();
    private readonly ManualTimeProvider _time = new();
    private readonly ConcurrentDictionary<string, TimeSpan> _cpu = new();
    private readonly List<(FileCount Files, SandboxVolumes Volumes)> _sandboxes = [];
    private readonly FileWatch _watch;
    private readonly TaskCompletionSource _asked = new();

    public FileWatchTests()
    {
        _watch = new FileWatch(
            () =>
            {
                _asked.TrySetResult();
                return _sandboxes.Select(static one => one.Files);
            },
            group => _cpu.GetValueOrDefault(group),
            All, NullLogger.Instance, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _watch.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Fact]
    public void Look_MoreFilesThanTheLimitInAllPiecesTogether_HoldsThemAll()
    {
        var (files, volumes) = Add();
        Piece(files).Make(500);
        Piece(files, "-workspace").Make(301);

        Look();

        Assert.True(files.IsHeld);
        Assert.Equal(Limit + 1, files.Counted);
        Assert.Equal((1, 1), (Piece(files).LimitBytes, Piece(files, "-logs").LimitBytes));
        Assert.Contains(SandboxUsage.TooManyFiles, volumes.Measure(new SandboxLimits { Files = Limit }).Full);
    }

    [Fact]
    public void Look_OneSandboxOver_LeavesTheOthersAlone()
    {
        var (over, _) = Add();
        var (other, volumes) = Add();
        Piece(over).Make(2 * Limit);
        Piece(other).Make(Limit);

        Look();

        Assert.True(over.IsHeld);
        Assert.False(other.IsHeld);
        Assert.Equal(DiskBytes, Piece(other).LimitBytes);
        Assert.Empty(volumes.Measure(new SandboxLimits { Files = Limit }).Full);
    }

    [Fact]
    public void Look_FilesThatAreMadeAndDeleted_AreCountedOnlyWhenTheyCouldBeTooMany()
    {
        var (files, _) = Add();
        for (var round = 0; round < 40; round++)
        {
            Piece(files).Make(100);
            Piece(files).Remove(100);
            Look();
        }

        // 4000 made: one count for each 800 of them.
        Assert.InRange(Piece(files).Counts, 4, 5);
        Assert.False(files.IsHeld);
    }

    [Fact]
    public void Look_ManyFilesMadeAndDeletedJustBelowTheLimit_IsNotACountEachTime()
    {
        var (files, _) = Add();
        Piece(files).Make(Limit);
        for (var round = 0; round < 40; round++)
        {
            Piece(files).Make(20);
            Piece(files).Remove(20);
            Look();
        }

        // An eighth of the limit, 100, has to be made in between.
        Assert.InRange(Piece(files).Counts, 5, 8);
        Assert.False(files.IsHeld);
    }

    [Fact]
    public void Look_NothingRan_ReadsNoMark()
    {
        var (files, _) = Add();
        Look();
        var read = Piece(files).MarksRead;

        Piece(files).Make(2 * Limit);
        Look(cpuMilliseconds: 1);
        Look(cpuMilliseconds: 1);

        Assert.Equal(read, Piece(files).MarksRead);
        Look();
        Assert.True(files.IsHeld);
    }

    [Fact]
    public void Look_HeldAndEnoughDeleted_GivesTheLimitsBack()
    {
        var (files, volumes) = Add();
        Piece(files, "-workspace").Make(Limit + 100);
        Look();
        volumes.SetLimit(2 * DiskBytes);
        Assert.Equal(1, Piece(files).LimitBytes);

        Piece(files, "-workspace").Remove(100);
        Look(files);
        Assert.True(files.IsHeld, "it was counted a moment ago");
        Look(files, looks: 8);

        Assert.False(files.IsHeld);
        Assert.Equal(2 * DiskBytes, Piece(files).LimitBytes);
        Assert.Equal(1L << 30, Piece(files, "-workspace").LimitBytes);
    }

    [Fact]
    public void Look_HeldAndDoingNothing_IsNotCountedAgain()
    {
        var (files, _) = Add();
        var (busy, _) = Add();
        Piece(files).Make(2 * Limit);
        Look();
        var counts = Piece(files).Counts;

        Look(busy, looks: 40);

        Assert.Equal(counts, Piece(files).Counts);
    }

    [Fact]
    public void Look_ManyHeldAndBusy_CountsOneOfThemAtALook()
    {
        var all = Enumerable.Range(0, 10).Select(_ => Add().Files).ToArray();
        foreach (var files in all) Piece(files).Make(2 * Limit);
        Look();
        foreach (var files in all) _cpu[files.Group] = TimeSpan.FromSeconds(1);
        Look(looks: 8);
        var before = all.Select(files => Piece(files).Counts).ToArray();

        Look();

        Assert.Equal(1, all.Select(files => Piece(files).Counts).Zip(before).Sum(static pair => pair.First - pair.Second));
    }

    [Fact]
    public void Look_LimitRaised_LetsGo()
    {
        var (files, _) = Add();
        Piece(files).Make(2 * Limit);
        Look();

        files.Limit = 3 * Limit;
        Look(files, looks: 9);

        Assert.False(files.IsHeld);
    }

    [Fact]
    public async Task Start_AQuarterOfASecondLater_Looks()
    {
        _watch.Start();
        await _time.ArmedAsync(Period, TestContext.Current.CancellationToken);
        Assert.False(_asked.Task.IsCompleted);

        _time.Advance(Period);

        await _asked.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    private FakeStore.Piece Piece(FileCount files, string volume = "") => _store[files.Id.Value + volume];

    private (FileCount Files, SandboxVolumes Volumes) Add()
    {
        var id = SandboxId.New();
        var volumes = SandboxVolumes.Create(new SparePieces(_store), id, (Libc.EffectiveUserId, Libc.EffectiveUserId), DiskBytes);
        var files = new FileCount(id, "/" + id.Value, volumes, Limit);
        _sandboxes.Add((files, volumes));
        return (files, volumes);
    }

    /// <summary>Looks, a quarter of a second later each time, after the sandbox and all together have used so much.</summary>
    private void Look(FileCount? files = null, int looks = 1, int cpuMilliseconds = 100)
    {
        for (var look = 0; look < looks; look++)
        {
            var used = TimeSpan.FromMilliseconds(cpuMilliseconds);
            _cpu[All] = _cpu.GetValueOrDefault(All) + used;
            if (files is not null) _cpu[files.Group] = _cpu.GetValueOrDefault(files.Group) + used;
            _time.Advance(Period);
            _watch.Look();
        }
    }
}
