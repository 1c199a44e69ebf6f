namespace MonkeyCoder.Contracts.Agent;

/// <summary>
/// The internal protocol between the node and the agent of one sandbox. One unix-socket connection carries one
/// operation. Everything is a frame: <c>[1 byte FrameType][4 bytes little-endian payload length][payload]</c>.
/// </summary>
/// <remarks>
/// <para>1. The node connects and sends one request frame; its type names the operation.</para>
/// <para>2. The agent answers with the frames the operation lists in <see cref="FrameType"/>, or with one
/// <see cref="FrameType.Error"/>.</para>
/// <para>3. Closing the connection ends the operation: a process stream is unsubscribed (the process lives on), a
/// running cell is interrupted, a file transfer is dropped.</para>
/// <para>Back-pressure is the socket's: whoever does not read slows only the peer of that connection.
/// The node treats every byte from the agent as hostile; both sides refuse frames over <see cref="MaxFrameBytes"/>.</para>
/// </remarks>
public static class AgentProtocol
{
    /// <summary>Version of this protocol, answered to <see cref="FrameType.Ping"/>.</summary>
    public const int Version = 1;

    /// <summary>Largest payload of one frame, in bytes: 4 MiB (code and kernel messages are cut up above it).</summary>
    public const int MaxFrameBytes = 4 * 1024 * 1024;

    /// <summary>Largest piece of a stream (stdout, stderr, file data) in one frame, in bytes: 64 KiB.</summary>
    public const int MaxChunkBytes = 64 * 1024;

    /// <summary>Bytes of a frame header: type and payload length.</summary>
    public const int HeaderBytes = 5;

    /// <summary>
    /// Descriptor on which the agent finds its listening unix socket (socket activation, sd_listen_fds(3)). The node
    /// binds it outside; no path to it exists inside the sandbox.
    /// </summary>
    public const int ListenFileDescriptor = 3;

    /// <summary>Ends the name of the empty file that an agent with a socket of its own making puts beside it once it listens.</summary>
    public const string ListeningSuffix = ".listening";
}
