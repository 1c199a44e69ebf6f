using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux.Tests;

public sealed class LibcFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("monkey-file-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Status_OfAFile_AgreesWithTheRuntime()
    {
        var path = Path.Combine(_directory, "f");
        File.WriteAllText(path, "hello");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.SetGroup);
        var modified = new DateTime(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc).AddTicks(1234567);
        File.SetLastWriteTimeUtc(path, modified);

        Assert.Equal(0, Libc.TryStatus(path, followLink: false, out var status));
        using var file = Libc.TryOpen(path, OpenHow.Read, 0, out _);
        Assert.Equal(status, Libc.Status(file!));
        Assert.Equal((FileKind.Regular, 0x8500, 5L), (status.Kind, status.Mode, status.SizeBytes));
        Assert.True(status.ChangedUnixNanoseconds > status.ModifiedUnixNanoseconds);
        Assert.Equal(0, Libc.TryStatus("/proc/self/stat", followLink: false, out var elsewhere));
        Assert.NotEqual((0UL, elsewhere.Device), (status.Device, status.Device));
        Assert.Equal(((modified - DateTime.UnixEpoch).Ticks * 100, Libc.EffectiveUserId), (status.ModifiedUnixNanoseconds, status.UserId));
    }

    [Fact]
    public void ListNames_ManyFiles_FindsAllOnce()
    {
        var expected = Enumerable.Range(0, 3000).Select(i => $"file number {i} ä").ToHashSet();
        foreach (var name in expected) File.WriteAllText(Path.Combine(_directory, name), "");
        var names = Libc.TryListNames(_directory, out var errno)!;
        Assert.Equal((0, expected.Count), (errno, names.Count));
        Assert.True(expected.SetEquals(names));
        Assert.Null(Libc.TryListNames(Path.Combine(_directory, "none"), out errno));
        Assert.Equal(ErrnoName.ENOENT, errno);
    }

    [Fact]
    public void RealPath_OfLinks_ResolvesOrTellsWhy()
    {
        Directory.CreateSymbolicLink(Path.Combine(_directory, "a"), "b");
        Directory.CreateSymbolicLink(Path.Combine(_directory, "b"), "a");
        Assert.Null(Libc.TryRealPath(Path.Combine(_directory, "a"), out var errno));
        Assert.Equal(ErrnoName.ELOOP, errno);
        Assert.Equal("b", Libc.TryReadLink(Path.Combine(_directory, "a")));
        Assert.Null(Libc.TryReadLink(_directory));
        Assert.Equal(_directory, Libc.TryRealPath(_directory + "/./", out _));
    }

    [Fact]
    public void FileSystemType_OfProc_IsItsMagicNumber()
    {
        Assert.Equal(0x9FA0, Libc.FileSystemType("/proc/self/status"));
        Assert.Equal(0, Libc.FileSystemType("/no/where"));
    }

    [Fact]
    public void PollEntry_Layout_IsThatOfPollfd()
    {
        Assert.Equal(8, Marshal.SizeOf<PollEntry>());
        using var wake = Libc.CreateEventDescriptor();
        Span<PollEntry> entries = [new(wake.Number, Libc.POLLIN), new(-1, Libc.POLLIN)];
        Assert.Equal(0, Libc.Poll(entries, 0));
        Libc.Raise(wake);
        Assert.Equal(1, Libc.Poll(entries, -1));
        Assert.Equal((Libc.POLLIN, (short)0), (entries[0].Returned, entries[1].Returned));
        Libc.Lower(wake);
        Assert.Equal(0, Libc.Poll(entries, 0));
    }

    [Fact]
    public void OpenTerminal_SetSize_IsReadBack()
    {
        var (master, path) = Libc.OpenTerminal();
        using (master)
        {
            Libc.SetTerminalSize(master, 132, 43);
            Assert.StartsWith("/dev/pts/", path, StringComparison.Ordinal);
            Span<byte> output = stackalloc byte[64];
            var (reader, writer) = Libc.Pipe();
            using (reader)
            {
                int pid;
                using (writer)
                {
                    pid = Libc.Spawn(new SpawnRequest
                    {
                        Path = "/usr/bin/stty",
                        Arguments = ["stty", "size"],
                        Terminal = path,
                        Descriptors = [new DescriptorMapping(writer, 1)],
                    });
                }

                var count = Libc.TryRead(reader, output);
                Assert.Equal("43 132\n", System.Text.Encoding.ASCII.GetString(output[..count]));
                Assert.NotNull(Libc.WaitChild(pid, keep: false));
            }
        }
    }
}
