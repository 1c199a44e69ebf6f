using MonkeyCoder.Linux.Netlink;

namespace MonkeyCoder.Linux.Tests;

[Trait("Needs", "root")]
public sealed class LibcNamespacesTests
{
    [Fact]
    public void OpenSockets_NewNamespace_IsNotThisOne()
    {
        var made = Libc.OpenSockets(null, [SocketKind.RouteNetlink, SocketKind.NetfilterNetlink]);
        try
        {
            var writer = new NetlinkWriter();
            RouteRequests.BringLoopbackUp(writer);
            RouteRequests.TakeEveryAddress(writer);
            Libc.RequestNetlink(made[0], writer.Written.Span, writer.Sequence, "a test");

            // Here every address is taken now; on this machine nothing changed.
            var again = Assert.Throws<SyscallException>(() => Libc.RequestNetlink(made[0], writer.Written.Span, writer.Sequence, "a test"));
            Assert.Equal(("netlink", ErrnoName.EEXIST, "a test"), (again.Call, again.Errno, again.Subject));
            Assert.DoesNotContain("\t00000000\t00000000\t0001\t", string.Join('\n', File.ReadLines("/proc/net/route").Where(line => line.StartsWith("lo\t", StringComparison.Ordinal))), StringComparison.Ordinal);
        }
        finally
        {
            foreach (var socket in made) socket.Dispose();
        }
    }

    [Fact]
    public void RequestNetlink_BatchWithAMistake_SaysSoAndChangesNothing()
    {
        var made = Libc.OpenSockets(null, [SocketKind.NetfilterNetlink]);
        using var socket = made[0];
        var wrong = new NftBatch("t");
        wrong.OutputChain("c", "filter", 0, accepts: true);
        // redirect belongs into nat chains.
        var (messages, last) = wrong.LastRule("c", NftExpression.Tcp, NftExpression.Redirect(1));
        Assert.Throws<SyscallException>(() => Libc.RequestNetlink(socket, messages.Span, last, "a test"));

        var right = new NftBatch("t");
        right.OutputChain("c", "filter", 0, accepts: true);
        (messages, last) = right.LastRule("c", NftExpression.Tcp, NftExpression.Accept);
        Libc.RequestNetlink(socket, messages.Span, last, "a test");
    }

    [Fact]
    public void OpenSockets_NotAProcess_Throws()
    {
        var (reader, writer) = Libc.Pipe();
        using (reader)
        using (writer)
            Assert.Equal("setns", Assert.Throws<SyscallException>(() => Libc.OpenSockets(reader, [SocketKind.Tcp])).Call);
    }
}
