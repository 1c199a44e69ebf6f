using System.Security.Cryptography;
using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Agent.Tests.Files;

public sealed class FileTransfersTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private static readonly Dictionary<string, string> NoMetadata = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WriteThenRead_HundredMegabytes_ArriveWholeInLittleMemory()
    {
        var path = Path.Combine(agent.Scratch(), "deep/er/big");
        using var pattern = new Pattern(100 * 1024 * 1024);
        var entry = await agent.Client.WriteFileAsync(new FileWriteRequest(new PathRequest(path, null), NoMetadata), pattern, Token);
        Assert.Equal((pattern.Length, "user", "user", "-rw-r--r--"), (entry.SizeBytes, entry.Owner, entry.Group, entry.Permissions));
        Assert.Equal("user", (await agent.Client.StatAsync(new PathRequest(Path.GetDirectoryName(path)!, null), Token)).Owner);

        await using var download = await agent.Client.ReadFileAsync(new FileReadRequest(new PathRequest(path, null), 0, -1), Token);
        Assert.Equal(pattern.Length, download.SizeBytes);
        using var back = new Pattern(pattern.Length);
        await download.CopyToAsync(back, Token);
        Assert.Equal(pattern.Length, back.Position);

        var peak = long.Parse(File.ReadAllLines($"/proc/{agent.Pid}/status").Single(line => line.StartsWith("RssAnon", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]);
        Assert.True(peak < 50_000, $"the agent has {peak} kB");
    }

    [Theory]
    [InlineData(0, -1, "0123456789")]
    [InlineData(3, 4, "3456")]
    [InlineData(8, 100, "89")]
    [InlineData(50, -1, "")]
    [InlineData(2, 0, "")]
    public async Task Read_Range_ReturnsThosesBytes(long offset, long length, string expected)
    {
        var path = Path.Combine(agent.Scratch(), "digits");
        await File.WriteAllTextAsync(path, "0123456789", Token);
        Assert.Equal((expected, 10L), await ReadAsync(path, offset, length));
    }

    [Fact]
    public async Task Read_OfProcfs_HasNoSizeAndStillContent()
    {
        var (text, size) = await ReadAsync("/proc/self/status", 0, -1);
        Assert.Equal(-1, size);
        Assert.Contains("Pid:\t1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_OfWhatIsNoFile_IsRefused()
    {
        var directory = agent.Scratch();
        await agent.RunAsync($"cd {directory}; mkfifo pipe; mkdir dir");
        Assert.Equal((AgentErrorCode.InvalidArgument, $"path '{directory}/pipe' is not a regular file"), await RefusalAsync($"{directory}/pipe"));
        Assert.Equal((AgentErrorCode.InvalidArgument, $"path '{directory}/dir' is a directory"), await RefusalAsync($"{directory}/dir"));
        Assert.Equal((AgentErrorCode.NotFound, $"path '{directory}/none' does not exist"), await RefusalAsync($"{directory}/none"));
        Assert.Equal((AgentErrorCode.InvalidArgument, "path '/dev/zero' is not a regular file"), await RefusalAsync("/dev/zero"));
        Assert.Equal(AgentErrorCode.InvalidArgument, (await RefusalAsync("~other/x")).Code);
        Assert.Equal(AgentErrorCode.InvalidArgument, (await RefusalAsync("a\0b")).Code);
    }

    [Fact]
    public async Task Write_OverWhatIsNoFile_IsRefused()
    {
        var directory = agent.Scratch();
        await agent.RunAsync($"cd {directory}; mkfifo pipe; mkdir dir");
        foreach (var name in (string[])["pipe", "dir"])
        {
            var e = await Assert.ThrowsAsync<AgentException>(() => WriteAsync($"{directory}/{name}", "x"));
            Assert.Equal(AgentErrorCode.InvalidArgument, e.Code);
        }
    }

    [Fact]
    public async Task Write_ToAFullDisk_TellsSoWhileTheCallerStillSends()
    {
        using var pattern = new Pattern(100 * 1024 * 1024);
        var mounted = await agent.RunAsync($"mkdir -p {agent.Home}/small && mount -t tmpfs -o size=1m none {agent.Home}/small", user: "root");
        Assert.Equal("", mounted.Stderr);
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.WriteFileAsync(
            new FileWriteRequest(new PathRequest($"{agent.Home}/small/f", null), NoMetadata), pattern, Token));
        Assert.Equal(AgentErrorCode.OutOfSpace, e.Code);
        Assert.Equal("", (await agent.RunAsync($"umount {agent.Home}/small", user: "root")).Stderr);
    }

    [Fact]
    public async Task Write_Existing_TruncatesItAndReplacesMetadata()
    {
        var path = Path.Combine(agent.Scratch(), "f");
        var first = await WriteAsync(path, "longer content", new() { ["author"] = "me", ["note"] = "a b" });
        Assert.Equal(new Dictionary<string, string> { ["author"] = "me", ["note"] = "a b" }, first.Metadata.ToDictionary());
        var second = await WriteAsync(path, "short", new() { ["note"] = "c" });
        Assert.Equal(new Dictionary<string, string> { ["note"] = "c" }, second.Metadata.ToDictionary());
        Assert.Equal(("short", 5L), await ReadAsync(path, 0, -1));
        await agent.RunAsync($"python3 -c 'import os; os.setxattr(\"{path}\", \"user.e2b.from\", b\"inside\")'");
        var stat = await agent.Client.StatAsync(new PathRequest(path, null), Token);
        Assert.Equal("inside", stat.Metadata["from"]);
        Assert.Empty((await WriteAsync(path, "")).Metadata);
    }

    [Theory]
    [InlineData("key", "tab\there")]
    [InlineData("ä", "x")]
    [InlineData("", "x")]
    public async Task Write_BadMetadata_IsRefusedBeforeTheFileIsTouched(string key, string value)
    {
        var path = Path.Combine(agent.Scratch(), "f");
        var e = await Assert.ThrowsAsync<AgentException>(() => WriteAsync(path, "x", new() { [key] = value }));
        Assert.Equal(AgentErrorCode.InvalidArgument, e.Code);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Compose_IntoOneOfItsSources_JoinsAndRemoves()
    {
        var directory = agent.Scratch();
        await WriteAsync($"{directory}/1", "one ");
        await WriteAsync($"{directory}/2", "two");
        var entry = await agent.Client.ComposeAsync(new ComposeRequest([$"{directory}/1", $"{directory}/2"], $"{directory}/1", null), Token);
        Assert.Equal((7L, "user"), (entry.SizeBytes, entry.Owner));
        Assert.Equal("one two", await File.ReadAllTextAsync($"{directory}/1", Token));
        Assert.Equal(["1"], Directory.GetFileSystemEntries(directory).Select(Path.GetFileName));
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.ComposeAsync(new ComposeRequest([$"{directory}/none"], $"{directory}/3", null), Token));
        Assert.Equal(AgentErrorCode.NotFound, e.Code);
    }

    private async Task<FileEntryInfo> WriteAsync(string path, string text, Dictionary<string, string>? metadata = null) =>
        await agent.Client.WriteFileAsync(new FileWriteRequest(new PathRequest(path, null), metadata ?? NoMetadata), new MemoryStream(Encoding.UTF8.GetBytes(text)), Token);

    private async Task<(string Text, long Size)> ReadAsync(string path, long offset, long length)
    {
        await using var download = await agent.Client.ReadFileAsync(new FileReadRequest(new PathRequest(path, null), offset, length), Token);
        using var content = new MemoryStream();
        await download.CopyToAsync(content, Token);
        return (Encoding.UTF8.GetString(content.ToArray()), download.SizeBytes);
    }

    private async Task<(AgentErrorCode Code, string Message)> RefusalAsync(string path)
    {
        var e = await Assert.ThrowsAsync<AgentException>(() => ReadAsync(path, 0, -1));
        return (e.Code, e.Message);
    }

    /// <summary>Bytes that depend on their place, made when read and checked when written.</summary>
    private sealed class Pattern(long length) : Stream
    {
        private static readonly byte[] Block = SHA512.HashData([7]);

        public override long Position { get; set; }

        public override long Length => length;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override int Read(byte[] buffer, int offset, int count)
        {
            var n = (int)Math.Min(count, length - Position);
            for (var i = 0; i < n; i++) buffer[offset + i] = At(Position++);
            return n;
        }

        public override void Write(byte[] buffer, int offset, int count)
        {
            for (var i = 0; i < count; i++)
            {
                if (buffer[offset + i] != At(Position)) throw new InvalidDataException($"byte {Position} differs");
                Position++;
            }
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private static byte At(long position) => (byte)(Block[position & 63] ^ (position >> 6) ^ (position >> 20));
    }
}
