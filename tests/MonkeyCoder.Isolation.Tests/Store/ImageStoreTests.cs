using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Store;

public sealed class ImageStoreTests : IAsyncDisposable
{
    private const long MiB = 1 << 20;

    private readonly StoreFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Create_WriterIsNotRoot_StopsAtTheLimit()
    {
        var store = await _fixture.OpenImagesAsync();
        var piece = CreateForUser(store, "a-workspace", 32 * MiB);

        var within = await UserProcess.WriteAsync(Path.Combine(piece.Path, "first"), 20);
        var beyond = await UserProcess.WriteAsync(Path.Combine(piece.Path, "second"), 20);

        Assert.Equal((0, ""), within);
        Assert.Contains("No space left on device", beyond.Error, StringComparison.Ordinal);
        Assert.InRange(piece.UsedBytes, 30 * MiB, 32 * MiB);
    }

    [Fact]
    public async Task SetLimit_UpAndDown_IsKept()
    {
        var store = await _fixture.OpenImagesAsync();
        var piece = CreateForUser(store, "a", 8 * MiB);
        Assert.NotEqual(0, (await UserProcess.WriteAsync(Path.Combine(piece.Path, "first"), 20)).ExitCode);

        piece.SetLimit(64 * MiB);
        Assert.Equal((0, ""), await UserProcess.WriteAsync(Path.Combine(piece.Path, "second"), 40));
        piece.SetLimit(16 * MiB);

        Assert.NotEqual(0, (await UserProcess.WriteAsync(Path.Combine(piece.Path, "third"), 1)).ExitCode);
    }

    [Fact]
    public async Task CountFiles_Files_IsExactAndALowLimitRefusesMore()
    {
        var store = await _fixture.OpenImagesAsync();
        var piece = (ImageSubvolume)store.Create("a", 64 * MiB);
        Assert.Equal(1, piece.CountFiles());
        foreach (var number in Enumerable.Range(0, 1000)) await File.WriteAllBytesAsync(Path.Combine(piece.Path, $"{number}"), [], TestContext.Current.CancellationToken);
        Assert.Equal((1001, 1001), (piece.CountFiles(), piece.ReadFileMark(0, 1)));

        piece.SetLimit(1);

        var refused = Assert.Throws<IOException>(() =>
        {
            for (var number = 0; number < 100_000; number++) File.WriteAllBytes(Path.Combine(piece.Path, $"more-{number}"), []);
        });
        Assert.Contains("No space left on device", refused.Message, StringComparison.Ordinal);
        // A directory takes new names while it has room for them.
        Assert.InRange(piece.CountFiles(), 1001, 10_000);
        foreach (var file in Directory.EnumerateFiles(piece.Path).ToArray()) File.Delete(file);
        Assert.Equal(1, piece.CountFiles());
    }

    [Fact]
    public async Task OpenAsync_PredecessorWasDisposed_KeepsItsPieces()
    {
        var predecessor = await _fixture.OpenImagesAsync();
        File.WriteAllText(Path.Combine(predecessor.Create("kept", 8 * MiB).Path, "file"), "content");
        await predecessor.DisposeAsync();
        Assert.Empty(MountTable.Below(_fixture.StateDirectory));

        var store = await _fixture.OpenImagesAsync();

        var kept = Assert.Single(store.List());
        Assert.Equal("content", File.ReadAllText(Path.Combine(kept.Path, "file")));
    }

    [Fact]
    public async Task Delete_Twice_LeavesNoImage()
    {
        var store = await _fixture.OpenImagesAsync();
        var piece = store.Create("a", 8 * MiB);

        piece.Delete();
        piece.Delete();

        Assert.Empty(Directory.EnumerateFileSystemEntries(store.ImageDirectory));
        Assert.Empty(Directory.EnumerateFileSystemEntries(store.RootPath));
        Assert.Null(store.TryOpen("a"));
        Assert.Equal(0, piece.UsedBytes);
    }

    [Fact]
    public async Task Create_NameTaken_ThrowsAndKeepsTheFirst()
    {
        var store = await _fixture.OpenImagesAsync();
        var first = store.Create("a", 8 * MiB);

        var failure = Assert.Throws<SyscallException>(() => store.Create("a", 8 * MiB));

        Assert.Equal(ErrnoName.EEXIST, failure.Errno);
        Assert.True(Directory.Exists(first.Path));
    }

    private static ISubvolume CreateForUser(ImageStore store, string name, long limitBytes)
    {
        var piece = store.Create(name, limitBytes);
        Libc.ChangeOwner(piece.Path, UserProcess.User, UserProcess.User);
        return piece;
    }
}
