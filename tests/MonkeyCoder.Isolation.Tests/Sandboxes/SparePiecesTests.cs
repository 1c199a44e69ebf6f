using System.Diagnostics;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Isolation.Tests.Store;
using MonkeyCoder.Linux;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

public sealed class SparePiecesTests : IAsyncDisposable
{
    private const long MiB = 1 << 20;
    private const uint Owner = 4321, NextOwner = 8765;

    private readonly StoreFixture _fixture = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task TryKeep_VolumeThatNobodyTouched_GoesToTheNextWithItsOwnerAndLimit()
    {
        var store = await _fixture.OpenAsync();
        using var spares = new SparePieces(store);
        var first = spares.GiveVolume("a-temp", "temp", 64 * MiB, Owner);
        var id = ReadId(first);
        first.SetLimit(1);

        Assert.True(spares.TryKeep("a-temp", isFree: true));
        Assert.Null(store.TryOpen("a-temp"));
        Assert.NotEqual(id, ReadId(spares.GiveVolume("b-logs", "logs", 64 * MiB, NextOwner)));
        var next = spares.GiveVolume("b-temp", "temp", 64 * MiB, NextOwner);

        Assert.Equal(id, ReadId(next));
        Assert.Equal(0, Libc.TryStatus(next.Path, followLink: false, out var status));
        Assert.Equal((NextOwner, NextOwner, 0x41ED), (status.UserId, status.GroupId, status.Mode));
        await File.WriteAllBytesAsync(Path.Combine(next.Path, "fits"), new byte[MiB], Token);
    }

    [Theory]
    [InlineData("touch file")]
    [InlineData("touch file; rm file")]
    [InlineData("mkdir below; rmdir below")]
    [InlineData("chmod 0777 .")]
    [InlineData("chmod 0700 .; chmod 0755 .")]
    [InlineData("touch -d 2001-01-01 .")]
    [InlineData("chattr +A .")]
    [InlineData("btrfs property set -t subvol . ro true")]
    public async Task TryKeep_VolumeThatWasTouched_SaysNo(string command)
    {
        var store = await _fixture.OpenAsync();
        using var spares = new SparePieces(store);
        var volume = spares.GiveVolume("a-temp", "temp", 64 * MiB, Owner);
        Run(volume.Path, command);

        Assert.False(spares.TryKeep("a-temp", isFree: true));

        store.TryOpen("a-temp")!.Delete();
        Assert.Empty(store.List());
    }

    [Fact]
    public async Task TryKeep_Layer_IsEmptiedWithoutFollowingLinks()
    {
        using var outside = new TemporaryDirectory();
        await File.WriteAllTextAsync(Path.Combine(outside.Path, "kept"), "", Token);
        var store = await _fixture.OpenAsync();
        using var spares = new SparePieces(store);
        var layer = spares.GiveLayer("a", 64 * MiB);
        var id = ReadId(layer);
        Run(layer.Path, $"mkdir -p upper/deep/er home; ln -s '{outside.Path}' upper/deep/link; ln -s '{outside.Path}' link; mkfifo upper/pipe; mknod upper/gone c 0 0; echo x > home/file; ln home/file upper/hard; chmod 0 upper/deep");

        Assert.True(spares.TryKeep("a", isFree: true));
        var next = spares.GiveLayer("b", 64 * MiB);

        Assert.Equal(id, ReadId(next));
        Assert.Empty(Directory.EnumerateFileSystemEntries(next.Path));
        Assert.True(File.Exists(Path.Combine(outside.Path, "kept")));
    }

    [Theory]
    [InlineData("mkdir upper; cd upper; seq 200 | xargs touch")]
    [InlineData("head -c 4M /dev/zero > upper; sync -f .")]
    [InlineData("touch $(printf 'a\\377b')")]
    [InlineData("seq 9000 | xargs touch; rm [0-9]*; touch last")]
    public async Task TryKeep_LayerThatIsMuchOrOdd_SaysNo(string command)
    {
        var store = await _fixture.OpenAsync();
        using var spares = new SparePieces(store);
        Run(spares.GiveLayer("a", 64 * MiB).Path, command);

        Assert.False(spares.TryKeep("a", isFree: true));

        store.TryOpen("a")!.Delete();
        Assert.Empty(store.List());
    }

    [Fact]
    public async Task TryKeep_FileWithoutANameInAVolume_IsTooMuchToKeep()
    {
        var store = await _fixture.OpenAsync();
        using var spares = new SparePieces(store);
        var volume = spares.GiveVolume("a-temp", "temp", 64 * MiB, Owner);
        Run(volume.Path, "python3 -c 'import os; f = os.open(\".\", os.O_TMPFILE | os.O_RDWR); os.write(f, b\"x\" * (8 << 20)); os.fsync(f)'");

        Assert.False(spares.TryKeep("a-temp", isFree: true));
    }

    [Fact]
    public async Task TryKeep_PieceThatMayBeInUse_SaysNo()
    {
        var store = await _fixture.OpenAsync();
        using var spares = new SparePieces(store);
        spares.GiveLayer("a", 64 * MiB);

        Assert.False(spares.TryKeep("a", isFree: false));
        Assert.False(spares.TryKeep("a", isFree: true));
    }

    [Fact]
    public async Task Close_OfTheVolumesOfOneThatEnded_LeavesLimitsAlone()
    {
        var store = await _fixture.OpenAsync();
        using var spares = new SparePieces(store);
        var id = SandboxId.New();
        var volumes = SandboxVolumes.Create(spares, id, (Owner, Owner), 64 * MiB);

        volumes.Close();
        volumes.Hold(true);
        volumes.SetLimit(1);

        Assert.False(volumes.IsHeld);
        await File.WriteAllBytesAsync(Path.Combine(store.RootPath, id.Value, "fits"), new byte[MiB], Token);
    }

    [Fact]
    public async Task TryKeep_PieceOfAPredecessor_SaysNo()
    {
        var store = await _fixture.OpenAsync();
        store.Create("a", 64 * MiB);
        using var spares = new SparePieces(store);

        Assert.False(spares.TryKeep("a", isFree: true));
    }

    [Fact]
    public async Task Dispose_DeletesWhatIsKept()
    {
        var store = await _fixture.OpenAsync();
        var spares = new SparePieces(store);
        foreach (var name in new[] { "a", "b", "c" }) spares.GiveLayer(name, 64 * MiB);
        Assert.All(new[] { "a", "b" }, name => Assert.True(spares.TryKeep(name, isFree: true)));

        spares.Dispose();

        Assert.Equal("c", Assert.Single(store.List()).Name);
        Assert.False(spares.TryKeep("c", isFree: true));
    }

    [Fact]
    public async Task Sandboxes_OneAfterTheOther_SeeNothingOfEachOther()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var layers = new HashSet<ulong>();
        for (var i = 0; i < 3; i++)
        {
            await using var sandbox = (Sandbox)await fixture.AcquireAsync(SandboxProfile.Workspace);
            using (var layer = Libc.OpenForReading(Path.GetDirectoryName(sandbox.Volumes.Upper)!)) layers.Add(Libc.GetSubvolumeId(layer, "layer"));
            const string Places = "/home/user /root /etc /tmp /sandbox/volumes/workspace /sandbox/volumes/temp /sandbox/volumes/logs";
            var seen = await sandbox.RunAsync($"find {Places} -xdev -name 'left*'; stat -c '%U %a' /sandbox/volumes/*");
            Assert.Equal("user 755\nuser 755\nuser 755\n", seen.Output);
            var left = await sandbox.RunAsync("echo x > ~/left; ln -s / ~/left-link; echo x > /tmp/left; rm ~/.bashrc; echo x > /sandbox/volumes/logs/left; chmod 777 /sandbox/volumes/temp");
            Assert.Equal(0, left.ExitCode);
            Assert.Equal("yes\n", (await sandbox.RunAsync("test -e /etc/skel/.bashrc && echo yes")).Output);
            await sandbox.DisposeAsync();
            while (Directory.Exists(fixture.Paths.SandboxDirectory(sandbox.Id))) await Task.Delay(5, Token);
        }

        Assert.Single(layers);
    }

    [Fact]
    public async Task StartAsync_SparePiecesOfAPredecessor_AreDeleted()
    {
        await using var fixture = new EngineFixture();
        var settings = new StoreSettings { StateDirectory = fixture.Options.StateDirectory };
        await using (var store = await BtrfsStore.OpenAsync(settings, Token)) store.Create("spare-layer-1", MiB);

        await fixture.Engine.StartAsync(Token);

        Assert.False(Directory.Exists(Path.Combine(fixture.Options.StateDirectory, "store", "spare-layer-1")));
    }

    private static ulong ReadId(ISubvolume piece)
    {
        using var directory = Libc.OpenForReading(piece.Path);
        return Libc.GetSubvolumeId(directory, piece.Name);
    }

    private static void Run(string directory, string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/bash", ["-ec", script]) { WorkingDirectory = directory })!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }
}
