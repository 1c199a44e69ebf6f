using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Store;

public sealed class BtrfsStoreTests : IAsyncDisposable
{
    private const long MiB = 1 << 20;

    private readonly StoreFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task OpenAsync_EmptyState_MountsBtrfs()
    {
        var store = await _fixture.OpenAsync();

        var mount = Assert.Single(MountTable.Read(), entry => entry.MountPoint == store.RootPath);
        Assert.Equal("btrfs", mount.FileSystem);
        Assert.Contains("nosuid", mount.Options, StringComparison.Ordinal);
        Assert.Contains("nodev", mount.Options, StringComparison.Ordinal);
        Assert.InRange(store.AvailableBytes, 512 * MiB, 1024 * MiB);
        Assert.Empty(store.List());
    }

    [Fact]
    public async Task Create_WriterIsNotRoot_StopsAtTheLimit()
    {
        var store = await _fixture.OpenAsync();
        var piece = CreateForUser(store, "a-workspace", 32 * MiB);

        var within = await UserProcess.WriteAsync(Path.Combine(piece.Path, "first"), 20);
        var beyond = await UserProcess.WriteAsync(Path.Combine(piece.Path, "second"), 20);

        Assert.Equal((0, ""), within);
        Assert.Contains("Disk quota exceeded", beyond.Error, StringComparison.Ordinal);
        Assert.InRange(piece.UsedBytes, 30 * MiB, 32 * MiB);
    }

    [Fact]
    public async Task Create_OtherPieceIsFull_IsNotTouchedByIt()
    {
        var store = await _fixture.OpenAsync();
        var full = CreateForUser(store, "full", 8 * MiB);
        var other = CreateForUser(store, "other", 8 * MiB);

        await UserProcess.WriteAsync(Path.Combine(full.Path, "file"), 20);
        var result = await UserProcess.WriteAsync(Path.Combine(other.Path, "file"), 6);

        Assert.Equal((0, ""), result);
    }

    [Fact]
    public async Task SetLimit_Raised_LetsMoreBeWritten()
    {
        var store = await _fixture.OpenAsync();
        var piece = CreateForUser(store, "a", 8 * MiB);
        await UserProcess.WriteAsync(Path.Combine(piece.Path, "first"), 20);

        piece.SetLimit(64 * MiB);
        var result = await UserProcess.WriteAsync(Path.Combine(piece.Path, "second"), 20);

        Assert.Equal((0, ""), result);
    }

    [Fact]
    public async Task SetLimit_BelowWhatIsUsed_RefusesNewFilesAndLetsOldOnesBeDeleted()
    {
        var store = await _fixture.OpenAsync();
        var piece = store.Create("a", 64 * MiB);
        foreach (var number in Enumerable.Range(0, 1000)) await File.WriteAllBytesAsync(Path.Combine(piece.Path, $"{number}"), [], TestContext.Current.CancellationToken);

        piece.SetLimit(1);

        Assert.Throws<IOException>(() => File.WriteAllBytes(Path.Combine(piece.Path, "more"), []));
        foreach (var number in Enumerable.Range(0, 1000)) File.Delete(Path.Combine(piece.Path, $"{number}"));
        Assert.Equal(1, piece.CountFiles());
        Assert.Throws<IOException>(() => File.WriteAllBytes(Path.Combine(piece.Path, "more"), []));
        piece.SetLimit(64 * MiB);
        await File.WriteAllBytesAsync(Path.Combine(piece.Path, "more"), [], TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task CountFiles_EveryKind_IsExactAndTheMarkIsNeverBelow()
    {
        var store = await _fixture.OpenAsync();
        var piece = (BtrfsSubvolume)store.Create("a", 64 * MiB);
        var other = store.Create("b", 64 * MiB);
        Assert.Equal(1, piece.CountFiles());
        var mark = piece.ReadFileMark(0, 8);

        Directory.CreateDirectory(Path.Combine(piece.Path, "directory"));
        File.CreateSymbolicLink(Path.Combine(piece.Path, "link"), "nowhere");
        await using var unlinked = new FileStream(Path.Combine(piece.Path, "open"), FileMode.CreateNew, FileAccess.Write, FileShare.Delete, 0, FileOptions.DeleteOnClose);
        File.Delete(Path.Combine(piece.Path, "open"));
        foreach (var number in Enumerable.Range(0, 3000)) await File.WriteAllBytesAsync(Path.Combine(piece.Path, $"directory/{number}"), new byte[number % 100], TestContext.Current.CancellationToken);
        foreach (var number in Enumerable.Range(0, 1000)) File.Delete(Path.Combine(piece.Path, $"directory/{number}"));

        Assert.Equal(1 + 3 + 2000, piece.CountFiles());
        Assert.Equal(1, other.CountFiles());
        var grown = piece.ReadFileMark(mark, 8);
        Assert.InRange(grown - mark, 3003 - 8, 3003 + 8);
        Assert.Equal(grown, piece.ReadFileMark(grown, 8));
        piece.Delete();
        Assert.Equal((0, grown), (piece.CountFiles(), piece.ReadFileMark(grown, 8)));
    }

    [Fact]
    public async Task SetLimit_Gone_NamesThePath()
    {
        var store = await _fixture.OpenAsync();
        var piece = store.Create("a", MiB);
        piece.Delete();

        var failure = Assert.Throws<SyscallException>(() => piece.SetLimit(2 * MiB));

        Assert.Equal(piece.Path, failure.Subject);
    }

    [Fact]
    public async Task Create_NameTaken_Throws()
    {
        var store = await _fixture.OpenAsync();
        store.Create("a", MiB);

        var failure = Assert.Throws<SyscallException>(() => store.Create("a", MiB));

        Assert.Equal(ErrnoName.EEXIST, failure.Errno);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("-a")]
    [InlineData("A")]
    public async Task Create_BadName_Throws(string name)
    {
        var store = await _fixture.OpenAsync();

        Assert.Throws<ArgumentException>(() => store.Create(name, MiB));
    }

    [Fact]
    public async Task Delete_Twice_DoesNothingMore()
    {
        var store = await _fixture.OpenAsync();
        var piece = store.Create("a", 8 * MiB);
        File.WriteAllText(Path.Combine(piece.Path, "file"), "content");

        piece.Delete();
        piece.Delete();

        Assert.False(Directory.Exists(piece.Path));
        Assert.Null(store.TryOpen("a"));
        Assert.Equal(0, piece.UsedBytes);
    }

    [Fact]
    public async Task ReclaimAsync_AfterDelete_GivesTheSpaceBack()
    {
        var store = await _fixture.OpenAsync();
        var before = store.AvailableBytes;
        var piece = CreateForUser(store, "a", 512 * MiB);
        Assert.Equal((0, ""), await UserProcess.WriteAsync(Path.Combine(piece.Path, "file"), 300));
        Assert.True(store.AvailableBytes < before - (250 * MiB));

        piece.Delete();
        await store.ReclaimAsync(TestContext.Current.CancellationToken);

        Assert.True(store.AvailableBytes > before - (32 * MiB));
    }

    [Fact]
    public async Task Delete_TwoHundredPieces_LeavesNoSubvolumeAndNoQuotaGroup()
    {
        var store = await _fixture.OpenAsync();
        for (var i = 0; i < 200; i++)
        {
            var piece = store.Create($"i{i}", 8 * MiB);
            File.WriteAllText(Path.Combine(piece.Path, "file"), "content");
            piece.Delete();
        }

        await store.ReclaimAsync(TestContext.Current.CancellationToken);

        Assert.Empty(store.List());
        Assert.Empty(Libc.ListQuotaGroups(store.Root, store.RootPath));
        Assert.Equal(0, Libc.ListSubvolumeIds(store.Root, store.RootPath).Count(id => id < ulong.MaxValue - 1024));
    }

    [Fact]
    public async Task OpenAsync_PredecessorWasKilled_TakesItsPiecesOver()
    {
        var predecessor = await _fixture.OpenAsync();
        predecessor.Create("left", 8 * MiB);

        var store = await _fixture.OpenAsync();

        var left = Assert.Single(store.List());
        Assert.Equal("left", left.Name);
        left.Delete();
        Assert.Empty(predecessor.List());
    }

    [Fact]
    public async Task OpenAsync_PredecessorWasDisposed_KeepsItsPieces()
    {
        var predecessor = await _fixture.OpenAsync();
        File.WriteAllText(Path.Combine(predecessor.Create("kept", 8 * MiB).Path, "file"), "content");
        await predecessor.DisposeAsync();
        Assert.Empty(MountTable.Below(_fixture.StateDirectory));

        var store = await _fixture.OpenAsync();

        Assert.Equal("content", File.ReadAllText(Path.Combine(store.TryOpen("kept")!.Path, "file")));
    }

    [Fact]
    public async Task OpenAsync_AnotherNamespaceKeepsTheOldMount_IsTheSameFileSystem()
    {
        var predecessor = await _fixture.OpenAsync();
        var path = predecessor.Create("kept", 8 * MiB).Path;
        await using var other = await OtherNamespace.StartAsync();
        await predecessor.DisposeAsync();

        var store = await _fixture.OpenAsync();

        File.WriteAllText(Path.Combine(path, "file"), "content");
        Assert.Equal("content", other.ReadFile(Path.Combine(path, "file")));
        Assert.Equal(1, _fixture.LoopDevices);
        Assert.NotNull(store.TryOpen("kept"));
    }

    [Fact]
    public async Task OpenAsync_ImageRemovedUnderTheMount_StartsANewOne()
    {
        var lost = await _fixture.OpenAsync();
        lost.Create("lost", 8 * MiB);
        File.Delete(Path.Combine(_fixture.StateDirectory, "store.btrfs"));

        var store = await _fixture.OpenAsync();

        Assert.Empty(store.List());
    }

    [Fact]
    public async Task OpenAsync_ImageIsNoBtrfs_SaysWhichPathAndWhy()
    {
        Directory.CreateDirectory(_fixture.StateDirectory);
        File.WriteAllBytes(Path.Combine(_fixture.StateDirectory, "store.btrfs"), new byte[MiB]);

        var failure = await Assert.ThrowsAsync<HostNotReadyException>(_fixture.OpenAsync);

        Assert.Contains(_fixture.RootPath, failure.Message, StringComparison.Ordinal);
        Assert.Contains("errno", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_SizeTooSmall_Refuses()
    {
        var settings = _fixture.Settings with { SizeBytes = MiB };

        var failure = await Assert.ThrowsAsync<HostNotReadyException>(
            () => BtrfsStore.OpenAsync(settings, TestContext.Current.CancellationToken));

        Assert.Contains("needs 256", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_KernelHasBtrfs_ChoosesIt()
    {
        await using var store = await SandboxStore.OpenAsync(_fixture.Settings, TestContext.Current.CancellationToken);

        Assert.IsType<BtrfsStore>(store);
    }

    private static ISubvolume CreateForUser(BtrfsStore store, string name, long limitBytes)
    {
        var piece = store.Create(name, limitBytes);
        Libc.ChangeOwner(piece.Path, UserProcess.User, UserProcess.User);
        return piece;
    }
}
