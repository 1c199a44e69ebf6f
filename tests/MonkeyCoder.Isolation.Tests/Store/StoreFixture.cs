using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Linux;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Isolation.Tests.Store;

/// <summary>A state directory for a store of 1 GiB; says so if the test left a mount or a loop device.</summary>
internal sealed class StoreFixture : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _directory = new();
    private readonly List<ISandboxStore> _opened = [];

    public StoreFixture()
    {
        Assert.SkipUnless(Libc.EffectiveUserId == 0, "needs root");
        Assert.SkipUnless(File.ReadAllText("/proc/filesystems").Contains("btrfs", StringComparison.Ordinal), "needs btrfs");
    }

    public string StateDirectory => Path.Combine(_directory.Path, "state");

    public string RootPath => Path.Combine(StateDirectory, "store");

    public StoreSettings Settings => new() { StateDirectory = StateDirectory, SizeBytes = 1L << 30 };

    /// <summary>Loop devices on files of the state directory.</summary>
    public int LoopDevices => Directory.EnumerateDirectories("/sys/block", "loop*").Count(IsOurs);

    public async Task<BtrfsStore> OpenAsync()
    {
        var store = await BtrfsStore.OpenAsync(Settings, TestContext.Current.CancellationToken);
        _opened.Add(store);
        return store;
    }

    public async Task<ImageStore> OpenImagesAsync()
    {
        var store = await ImageStore.OpenAsync(Settings, TestContext.Current.CancellationToken);
        _opened.Add(store);
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _opened) await store.DisposeAsync();
        Assert.Empty(MountTable.Below(StateDirectory));
        await AssertNoLoopAsync();
        _directory.Dispose();
    }

    // The kernel lets go of the device a moment after the unmount, without an event for it.
    private async Task AssertNoLoopAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (LoopDevices > 0) await timer.WaitForNextTickAsync(deadline.Token);
    }

    private bool IsOurs(string device) =>
        LoopBacking.Find(device) is { } file && file.StartsWith(StateDirectory, StringComparison.Ordinal);
}
