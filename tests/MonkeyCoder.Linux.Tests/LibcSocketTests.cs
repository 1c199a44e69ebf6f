namespace MonkeyCoder.Linux.Tests;

public sealed class LibcSocketTests
{
    [Fact]
    public void ListenUnix_ThenConnect_CarriesBytes()
    {
        var directory = Directory.CreateTempSubdirectory("monkey-socket-");
        try
        {
            var path = Path.Combine(directory.FullName, "s");
            using var listener = Libc.ListenUnix(path, 8);
            using var client = Libc.ConnectUnix(path);
            using var server = Libc.TryAccept(listener, out _);
            Assert.NotNull(server);
            Assert.Equal(0, Libc.TrySendAll(client, "hello"u8));
            Assert.True(Libc.TryShutdown(client, Libc.ShutdownHow.Write));

            Span<byte> buffer = stackalloc byte[16];
            Assert.Equal(5, Libc.TryRead(server, buffer));
            Assert.Equal(0, Libc.TryRead(server, buffer));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void ListenUnix_PathTooLong_Throws() =>
        Assert.Throws<ArgumentException>(() => Libc.ListenUnix("/tmp/" + new string('x', Libc.MaxUnixPathBytes), 1));

    [Fact]
    public void TryBeginConnectLoopback_NothingListens_TellsErrno()
    {
        using var socket = Libc.TryBeginConnectLoopback(1, ipv6: false, out var errno);
        if (socket is not null)
        {
            Assert.Equal(ErrnoName.EINPROGRESS, errno);
            Span<PollEntry> entries = [new(socket.Number, Libc.POLLOUT)];
            Libc.Poll(entries, -1);
            errno = Libc.TakeSocketError(socket);
        }

        Assert.Equal(ErrnoName.ECONNREFUSED, errno);
    }
}
