using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Connections;

/// <summary>
/// One connection from the node, with blocking reads and writes. One thread reads; one thread at a time sends.
/// </summary>
internal sealed class FrameChannel(FileDescriptor socket) : IDisposable
{
    /// <summary>What <see cref="TryAdd"/> holds back at most, in bytes, before it is sent.</summary>
    private const int MaxAddedBytes = 64 * 1024;

    private readonly WireWriter _writer = new();
    private byte[] _payload = new byte[512];

    /// <summary>The connection, for polls and for <see cref="FrameType.Dial"/>.</summary>
    public FileDescriptor Socket { get; } = socket;

    /// <summary>Waits for a frame. The payload is valid until the next call.</summary>
    /// <returns>false where the node has closed the connection between two frames.</returns>
    /// <exception cref="InvalidDataException">The frame is too long, or ends too early.</exception>
    public bool TryReceive(out FrameType type, out ReadOnlyMemory<byte> payload)
    {
        Span<byte> bytes = stackalloc byte[AgentProtocol.HeaderBytes];
        return TryReceive(bytes, 0, out type, out payload);
    }

    /// <summary>Receives a frame of whose header <paramref name="got"/> bytes are there already.</summary>
    private bool TryReceive(Span<byte> bytes, int got, out FrameType type, out ReadOnlyMemory<byte> payload)
    {
        type = FrameType.None;
        payload = default;
        got += ReadFully(bytes[got..]);
        if (got == 0) return false;
        if (got < bytes.Length) throw new InvalidDataException("A frame ends within its header.");

        var header = FrameHeader.Read(bytes);
        var filled = 0;
        while (filled < header.PayloadBytes)
        {
            // The buffer grows with what has come, not with what the header promises.
            if (filled == _payload.Length) Array.Resize(ref _payload, Math.Min(header.PayloadBytes, _payload.Length * 4));
            var wanted = Math.Min(header.PayloadBytes, _payload.Length) - filled;
            if (ReadFully(_payload.AsSpan(filled, wanted)) < wanted) throw new InvalidDataException("A frame ends within its payload.");
            filled += wanted;
        }

        type = header.Type;
        payload = _payload.AsMemory(0, header.PayloadBytes);
        return true;
    }

    /// <summary>As <see cref="TryReceive(out FrameType, out ReadOnlyMemory{byte})"/>, with descriptors that came with the frame; the caller closes them.</summary>
    public bool TryReceive(out FrameType type, out ReadOnlyMemory<byte> payload, out FileDescriptor[] descriptors)
    {
        type = FrameType.None;
        payload = default;
        Span<byte> bytes = stackalloc byte[AgentProtocol.HeaderBytes];
        var got = Libc.TryReceiveMessage(Socket, bytes, out descriptors);
        return got > 0 && TryReceive(bytes, got, out type, out payload);
    }

    /// <summary>Sends a message. Returns false where the node is gone.</summary>
    /// <exception cref="InvalidDataException">The message is too long for a frame.</exception>
    public bool TrySend(FrameType type, IAgentMessage? message = null)
    {
        _writer.WriteFrame(type, message);
        return TrySendAdded();
    }

    /// <summary>Has a message sent together with what comes after it, by the next send at the latest. Returns false where the node is gone.</summary>
    /// <exception cref="InvalidDataException">The message is too long for a frame.</exception>
    public bool TryAdd(FrameType type, IAgentMessage message)
    {
        _writer.WriteFrame(type, message);
        return _writer.Written.Length < MaxAddedBytes || TrySendAdded();
    }

    /// <summary>Sends what has been added. Returns false where the node is gone.</summary>
    public bool TrySendAdded()
    {
        var sent = _writer.Written.IsEmpty || TrySendBytes(_writer.Written);
        _writer.Clear();
        return sent;
    }

    /// <summary>
    /// Sends <paramref name="count"/> raw bytes that lie in <paramref name="buffer"/> after room for the header.
    /// Returns false where the node is gone.
    /// </summary>
    public bool TrySendChunk(FrameType type, Span<byte> buffer, int count)
    {
        new FrameHeader(type, count).Write(buffer);
        return TrySendAdded() && TrySendBytes(buffer[..(AgentProtocol.HeaderBytes + count)]);
    }

    /// <summary>Waits until the node closes its side, or until <see cref="Finish"/>. What it sends is an offence and ends the wait too.</summary>
    public void WaitForClose()
    {
        Span<byte> one = stackalloc byte[1];
        _ = Libc.TryRead(Socket, one);
    }

    /// <summary>Ends the connection after what has been sent; wakes whoever waits on it.</summary>
    public void Finish()
    {
        try
        {
            _ = Libc.TryShutdown(Socket, Libc.ShutdownHow.Both);
        }
        catch (ObjectDisposedException)
        {
            // The connection's own thread has ended it already.
        }
    }

    public void Dispose() => Socket.Dispose();

    private bool TrySendBytes(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Libc.TrySendAll(Socket, bytes) == 0;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private int ReadFully(Span<byte> buffer)
    {
        var filled = 0;
        while (filled < buffer.Length)
        {
            var count = Libc.TryRead(Socket, buffer[filled..]);
            if (count <= 0) break;
            filled += count;
        }

        return filled;
    }
}
