using System.Net.Sockets;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Egress;

[Trait("Needs", "root")]
public sealed class EgressSocketsTests
{
    [Fact]
    public async Task Open_NewNamespace_HasTheRulesThatAreWrittenDown()
    {
        using var network = await NetworkOfAProcess.StartAsync();

        using var sockets = EgressSockets.Open(network.Pidfd);

        Assert.Equal(
            """
            table ip egress {
            	chain untracked {
            		type filter hook output priority raw; policy accept;
            		ip saddr 127.0.0.0/8 ip daddr 127.0.0.0/8 th sport != 53 th sport != 3127 notrack
            	}

            	chain redirected {
            		type nat hook output priority -100; policy accept;
            		ip daddr 127.0.0.0/8 accept
            		limit rate over 100/second burst 400 packets drop
            		meta l4proto tcp th dport 53 redirect to :53
            		meta l4proto tcp redirect to :3127
            		meta l4proto udp th dport 53 redirect to :53
            	}

            	chain allowed {
            		type filter hook output priority filter; policy drop;
            		ip daddr 127.0.0.0/8 accept
            	}
            }

            """.ReplaceLineEndings("\n"),
            Normal(await network.RunAsync("/usr/sbin/nft", "list", "ruleset")));
        Assert.Contains("local default dev lo scope host src 127.0.0.1", await network.RunAsync("/usr/sbin/ip", "route", "show", "table", "local"), StringComparison.Ordinal);
        Assert.Equal(
            ["inet 127.0.0.1/8 scope host lo", "inet 127.0.0.2/8 scope host secondary lo"],
            (await network.RunAsync("/usr/sbin/ip", "-4", "address", "show")).Split('\n').Select(static line => line.Trim()).Where(static line => line.StartsWith("inet", StringComparison.Ordinal)));
        Assert.Equal("", await network.RunAsync("/usr/sbin/ip", "route", "show", "table", "main"));
        Assert.Contains("LOOPBACK,UP", await network.RunAsync("/usr/sbin/ip", "link", "show", "lo"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_ConnectionToAnyAddress_ArrivesWithItsDestination()
    {
        using var network = await NetworkOfAProcess.StartAsync();
        using var sockets = EgressSockets.Open(network.Pidfd);

        var said = network.RunAsync("/usr/bin/python3", "-c", "import socket; s=socket.create_connection(('1.2.3.4',8080)); s.sendall(b'hi'); print(s.recv(9))");
        using var arrived = await sockets.Transparent.AcceptAsync(TestContext.Current.CancellationToken);
        var destination = new byte[16];
        _ = arrived.GetRawSocketOption(0, 80, destination);
        await arrived.SendAsync("there"u8.ToArray(), TestContext.Current.CancellationToken);

        Assert.Equal([2, 0, 0x1f, 0x90, 1, 2, 3, 4], destination[..8]);
        Assert.Equal("b'there'\n", await said);
    }

    [Fact]
    public async Task Open_OtherProtocolsThanTcp_FailAtOnce()
    {
        using var network = await NetworkOfAProcess.StartAsync();
        using var sockets = EgressSockets.Open(network.Pidfd);

        const string Program = """
            import socket
            for kind, protocol, to in ((socket.SOCK_DGRAM, 0, ('8.8.8.8', 443)), (socket.SOCK_RAW, socket.IPPROTO_ICMP, ('8.8.8.8', 0)), (socket.SOCK_DGRAM, 0, ('127.0.0.1', 9))):
                try: print(socket.socket(socket.AF_INET, kind, protocol).sendto(b'12345678', to))
                except OSError as e: print(e.errno)
            """;

        Assert.Equal("1\n1\n8\n", await network.RunAsync("/usr/bin/python3", "-c", Program));
    }

    [Fact]
    public async Task Open_ThreadsOfTheNode_StayWhereTheyWere()
    {
        var home = File.ResolveLinkTarget("/proc/self/ns/net", false)!.Name;
        using (var network = await NetworkOfAProcess.StartAsync())
        {
            for (var i = 0; i < 50; i++)
            {
                foreach (var socket in Libc.OpenSockets(network.Pidfd, [SocketKind.Tcp, SocketKind.RouteNetlink])) socket.Dispose();
            }
        }

        var places = Directory.GetDirectories("/proc/self/task").Select(task => File.ResolveLinkTarget(task + "/ns/net", false)?.Name).OfType<string>();
        Assert.All(places, place => Assert.Equal(home, place));
    }

    [Fact]
    public async Task Open_ProcessThatHasEnded_LeavesNothingOpen()
    {
        var network = await NetworkOfAProcess.StartAsync();
        using var pidfd = Libc.DuplicateAtLeast(network.Pidfd, 0);
        network.Dispose();

        var failure = Assert.Throws<SyscallException>(() => EgressSockets.Open(pidfd));

        Assert.Equal("setns", failure.Call);
    }

    [Fact]
    public async Task Dispose_LastSocket_LetsTheNamespaceGo()
    {
        var network = await NetworkOfAProcess.StartAsync();
        var sockets = EgressSockets.Open(network.Pidfd);
        network.Dispose();
        Assert.True(sockets.Transparent.IsBound);

        sockets.Dispose();

        Assert.Throws<ObjectDisposedException>(() => sockets.DnsDatagrams.Poll(0, SelectMode.SelectRead));
    }

    // nft writes "th dport" as "tcp dport" where it knows the protocol, in some versions.
    private static string Normal(string ruleset) => ruleset
        .Replace("tcp dport 53", "meta l4proto tcp th dport 53", StringComparison.Ordinal)
        .Replace("udp dport 53", "meta l4proto udp th dport 53", StringComparison.Ordinal);
}
