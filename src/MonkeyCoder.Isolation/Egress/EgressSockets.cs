using System.Net;
using System.Net.Sockets;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// The node's sockets in the network namespace of a sandbox. They keep the namespace alive until they are disposed.
/// Nothing inside can touch them: the ports are taken before anything of a user runs.
/// </summary>
internal sealed class EgressSockets : IDisposable
{
    private const int Backlog = 128;

    // Fixed, so that a sandbox cannot make the node hold more for it by not reading.
    private const int BufferBytes = 64 * 1024;

    private static readonly SocketKind[] Kinds =
        [SocketKind.RouteNetlink, SocketKind.NetfilterNetlink, SocketKind.Tcp, SocketKind.Tcp, SocketKind.Tcp, SocketKind.Udp];

    private EgressSockets(Socket transparent, Socket proxy, Socket dnsStreams, Socket dnsDatagrams)
    {
        Transparent = transparent;
        Proxy = proxy;
        DnsStreams = dnsStreams;
        DnsDatagrams = dnsDatagrams;
    }

    /// <summary>Listens for redirected connections.</summary>
    public Socket Transparent { get; }

    /// <summary>Listens for connections to the explicit proxy.</summary>
    public Socket Proxy { get; }

    /// <summary>Listens for DNS over TCP.</summary>
    public Socket DnsStreams { get; }

    /// <summary>Receives DNS over UDP.</summary>
    public Socket DnsDatagrams { get; }

    /// <summary>Sets the namespace of a process up, and takes its sockets.</summary>
    /// <param name="process">pidfd of the first process of a new sandbox; null for a namespace of nobody, to see whether it works.</param>
    /// <exception cref="SyscallException">The process has ended, or the kernel lacks something.</exception>
    public static EgressSockets Open(FileDescriptor? process)
    {
        var made = Libc.OpenSockets(process, Kinds);
        var sockets = new List<Socket>();
        try
        {
            Libc.RequestNetlink(made[0], EgressRules.Routes.Messages.Span, EgressRules.Routes.LastSequence, "the routes of a sandbox");
            Libc.RequestNetlink(made[1], EgressRules.Filter.Messages.Span, EgressRules.Filter.LastSequence, "the nf_tables of a sandbox");
            foreach (var (descriptor, port) in made.Skip(2).Zip([EgressRules.TransparentPort, EgressRules.ProxyPort, EgressRules.DnsPort, EgressRules.DnsPort]))
                sockets.Add(Bind(descriptor, port));
            return new EgressSockets(sockets[0], sockets[1], sockets[2], sockets[3]);
        }
        catch
        {
            foreach (var socket in sockets) socket.Dispose();
            throw;
        }
        finally
        {
            // Closes those that no socket has taken over.
            foreach (var descriptor in made) descriptor.Dispose();
        }
    }

    public void Dispose()
    {
        Transparent.Dispose();
        Proxy.Dispose();
        DnsStreams.Dispose();
        DnsDatagrams.Dispose();
    }

    private static Socket Bind(FileDescriptor descriptor, ushort port)
    {
#pragma warning disable CA2000 // The socket owns it.
        var handle = new SafeSocketHandle(descriptor.DangerousGetHandle(), ownsHandle: true);
#pragma warning restore CA2000
        descriptor.SetHandleAsInvalid();
        var socket = new Socket(handle);
        try
        {
            socket.ReceiveBufferSize = BufferBytes;
            socket.SendBufferSize = BufferBytes;
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            if (socket.SocketType == SocketType.Stream) socket.Listen(Backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
