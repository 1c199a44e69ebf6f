using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Network;

/// <summary>Connects the node to a TCP port inside the sandbox.</summary>
internal static class Dialer
{
    /// <summary>Dials 127.0.0.1, then ::1, and carries bytes until both sides are done.</summary>
    public static void Dial(FrameChannel channel, DialRequest request)
    {
        if (request.Port is < 1 or > 65535) throw new AgentFault(AgentErrorCode.InvalidArgument, $"{request.Port} is no TCP port");
        using var connection = Connect(channel, request.Port);
        if (connection is null || !channel.TrySend(FrameType.Ok)) return;
        Libc.SetNonBlocking(channel.Socket, true);
        new Relay(channel.Socket, connection).Run();
    }

    private static FileDescriptor? Connect(FrameChannel channel, int port)
    {
        var failure = 0;
        foreach (var ipv6 in (ReadOnlySpan<bool>)[false, true])
        {
            var socket = Libc.TryBeginConnectLoopback(port, ipv6, out var errno);
            if (socket is null)
            {
                // What IPv4 said is what counts; IPv6 may be off altogether.
                if (!ipv6) failure = errno;
                continue;
            }

            if (errno == ErrnoName.EINPROGRESS)
            {
                Span<PollEntry> entries = [new(socket.Number, Libc.POLLOUT), new(channel.Socket.Number, Libc.POLLIN)];
                Libc.Poll(entries, -1);
                if (entries[0].Returned == 0)
                {
                    socket.Dispose();
                    return null;
                }

                errno = Libc.TakeSocketError(socket);
            }

            if (errno == 0) return socket;
            if (!ipv6) failure = errno;
            socket.Dispose();
        }

        throw failure is ErrnoName.ECONNREFUSED
            ? new AgentFault(AgentErrorCode.Unavailable, $"nothing listens on port {port}")
            : AgentFault.Of(failure, $"cannot connect to port {port}");
    }
}
