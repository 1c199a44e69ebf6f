using System.Buffers.Binary;
using System.Net.Sockets;
using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Agent.Tests.Connections;

public sealed class HostileRequestsTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<byte[]> BadFrames => new()
    {
        Frame(0, []),
        Frame(250, [1, 2, 3]),
        Frame((byte)FrameType.Ok, []),
        Frame((byte)FrameType.ProcessStart, []),
        Frame((byte)FrameType.ProcessStart, [255, 255, 255, 127]),
        Frame((byte)FrameType.ProcessStart, [255, 255, 255, 255]),
        Frame((byte)FrameType.FileStat, [1, 0, 0, 0, 0xFF, 0]),
        Frame((byte)FrameType.Ping, []).AsSpan(0, 3).ToArray(),
        Frame((byte)FrameType.FileWrite, new byte[100]).AsSpan(0, 50).ToArray(),
        Header(1, uint.MaxValue),
        Header(1, AgentProtocol.MaxFrameBytes + 1),
        Header((byte)FrameType.Data, AgentProtocol.MaxChunkBytes + 1),
        Header((byte)FrameType.KernelExecute, AgentProtocol.MaxFrameBytes),
        Frame((byte)FrameType.ProcessSignal, [1, 0, 0, 0, 0, 9, 0, 0, 0, 77]),
        Frame((byte)FrameType.KernelExecute, [1, 0, 0, 0, (byte)'x', 1, 0, 0, 0, 0xC3, 0, 0, 0, 0]),
    };

    [Theory]
    [MemberData(nameof(BadFrames))]
    public async Task Request_Malformed_IsRefusedAndTheAgentLives(byte[] bytes)
    {
        using var socket = await ConnectAsync();
        await socket.SendAsync(bytes, Token);
        socket.Shutdown(SocketShutdown.Send);
        var answer = await ReadAllAsync(socket);
        Assert.Equal((byte)FrameType.Error, answer[0]);
        Assert.Contains((AgentErrorCode)answer[5], (AgentErrorCode[])[AgentErrorCode.InvalidArgument, AgentErrorCode.NotFound]);
        await agent.Client.PingAsync(Token);
    }

    [Fact]
    public async Task Request_RandomBytes_NeverKillTheAgent()
    {
        var random = new Random(20260101);
        for (var i = 0; i < 500; i++)
        {
            var payload = new byte[random.Next(0, 60)];
            random.NextBytes(payload);
            // Small numbers make lengths that fit, and so get deeper.
            for (var j = 0; j < payload.Length; j++) if (random.Next(3) > 0) payload[j] = (byte)random.Next(0, 4);
            using var socket = await ConnectAsync();
            await socket.SendAsync(Frame((byte)random.Next(0, 50), payload), Token);
            socket.Shutdown(SocketShutdown.Send);
            await ReadAllAsync(socket);
        }

        Assert.Equal(AgentProtocol.Version, (await agent.Client.PingAsync(Token)).ProtocolVersion);
    }

    [Fact]
    public async Task Connection_ThatSaysNothing_CostsOnlyItself()
    {
        using var silent = await ConnectAsync();
        await agent.Client.PingAsync(Token);
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(agent.SocketPath), Token);
        return socket;
    }

    private static async Task<byte[]> ReadAllAsync(Socket socket)
    {
        using var all = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, Token) is > 0 and var count) all.Write(buffer, 0, count);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The agent hung up without having read everything, after its answer.
        }

        return all.ToArray();
    }

    private static byte[] Frame(byte type, byte[] payload) => [.. Header(type, (uint)payload.Length), .. payload];

    private static byte[] Header(byte type, uint length)
    {
        var header = new byte[AgentProtocol.HeaderBytes];
        header[0] = type;
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(1), length);
        return header;
    }
}
