using System.Buffers.Binary;
using System.Globalization;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Confinement;

/// <summary>
/// Makes and connects the TCP sockets of a sandbox that shares the node's network. Every socket is 127.0.0.1's and connects to the
/// gateway, which is told where the program meant to go; no thread of the sandbox does either itself (Landlock). Without the
/// gatekeeper both calls fail.
/// </summary>
/// <remarks>
/// What the program can change while it waits is read once. A descriptor that it swaps makes another of its own sockets connect, to the same
/// gateway, which judges what it is told.
/// </remarks>
/// <param name="listener">Of the filter.</param>
/// <param name="processes"><c>/proc</c>.</param>
/// <param name="port">Of the gateway, on 127.0.0.1.</param>
/// <param name="secret">What it knows the gatekeeper by.</param>
/// <param name="local">What connections come from.</param>
internal sealed class Gatekeeper(FileDescriptor listener, FileDescriptor processes, int port, ReadOnlyMemory<byte> secret, LocalPorts local)
{
    // More than programs have open before they connect; the oldest is forgotten for a new one, and can then connect no more.
    private const int MaxUnconnected = 128;
    private const int ConnectMilliseconds = 5000;

    // socket(2) and struct sockaddr_in of ip(7): family in host order, port and address in network order.
    private const ulong SOCK_NONBLOCK = 0x800;
    private const ulong SOCK_CLOEXEC = 0x80000;
    private const ulong SOCK_STREAM = 1;
    private const int AddressBytes = 16;
    private const int AF_INET = 2;

    private readonly OrderedDictionary<ulong, FileDescriptor> _unconnected = []; // by inode, the oldest first

    /// <summary>Answers until the process behind the descriptor has ended.</summary>
    public void Run(FileDescriptor agent)
    {
        var entries = new PollEntry[] { new(agent.Number, Libc.POLLIN), new(listener.Number, Libc.POLLIN) };
        while (true)
        {
            Libc.Poll(entries, -1);
            if (entries[0].Returned != 0) return;
            if (Libc.TryTakeCall(listener, out _) is not { } call) continue;
            if (call.Number == Libc.SocketCallNumber) AnswerSocket(call);
            else AnswerConnect(call);
        }
    }

    private void AnswerSocket(WaitingCall call)
    {
        // The kernel looks at the low half, and so does the filter.
        var type = call.Second & uint.MaxValue;
        if ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM)
        {
            _ = Libc.TryAnswerCall(listener, call.Id, ErrnoName.EINVAL);
            return;
        }

        FileDescriptor socket;
        try
        {
            socket = NewSocket((type & SOCK_NONBLOCK) != 0);
        }
        catch (SyscallException e)
        {
            _ = Libc.TryAnswerCall(listener, call.Id, e.Errno);
            return;
        }

        var failed = Libc.TryAnswerCallWith(listener, call.Id, socket, (type & SOCK_CLOEXEC) != 0);
        if (failed == 0)
        {
            Keep(socket);
            return;
        }

        socket.Dispose();
        _ = Libc.TryAnswerCall(listener, call.Id, failed);
    }

    /// <summary>What is not a TCP socket of ours goes to the kernel, which refuses TCP.</summary>
    private void AnswerConnect(WaitingCall call)
    {
        Span<byte> address = stackalloc byte[AddressBytes];
#pragma warning disable CA2000 // Closed below.
        if ((call.Third & uint.MaxValue) < AddressBytes
            || Libc.TryReadMemory(call.ThreadId, call.Second, address) != 0
            || BinaryPrimitives.ReadUInt16LittleEndian(address) != AF_INET
            || Take(call) is not { } socket)
#pragma warning restore CA2000
        {
            _ = Libc.TryContinueCall(listener, call.Id);
            return;
        }

        var errno = Connect(socket, address);
        // It may listen by now, if another thread was quick, and on a port of everybody's: shutting it down takes that from it.
        if (errno != 0) _ = Libc.TryShutdown(socket, Libc.ShutdownHow.Both);
        socket.Dispose();
        _ = Libc.TryAnswerCall(listener, call.Id, errno);
    }

    private int Connect(FileDescriptor socket, ReadOnlySpan<byte> address)
    {
        var errno = Libc.TryConnectLoopback(socket, port, local, ConnectMilliseconds);
        if (errno != 0) return errno;
        Span<byte> preface = stackalloc byte[GatePreface.Bytes];
        GatePreface.Write(preface, address[4..8], BinaryPrimitives.ReadUInt16BigEndian(address[2..]), secret.Span);
        return -Libc.TrySendAll(socket, preface);
    }

    private FileDescriptor NewSocket(bool nonBlocking)
    {
        try
        {
            return Libc.NewLoopbackSocket(nonBlocking, port);
        }
        catch (SyscallException e) when (e.Errno == ErrnoName.EMFILE && _unconnected.Count > 0)
        {
            Forget();
            return Libc.NewLoopbackSocket(nonBlocking, port);
        }
    }

    private void Keep(FileDescriptor socket)
    {
        if (_unconnected.Count >= MaxUnconnected) Forget();
        _unconnected[Libc.Status(socket).Inode] = socket;
    }

    private void Forget()
    {
        _unconnected.GetAt(0).Value.Dispose();
        _unconnected.RemoveAt(0);
    }

    /// <summary>Our copy of the socket that the program means; null where it is none that we have made, or it has been connected.</summary>
    private FileDescriptor? Take(WaitingCall call)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"{call.ThreadId}/fd/{(uint)call.First}");
        return Libc.TryStatusBelow(processes, path, out var status) == 0 && status.Kind == FileKind.Socket
            && _unconnected.Remove(status.Inode, out var socket)
            ? socket
            : null;
    }
}
