using System.Net;
using System.Net.Sockets;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Agent.Tests.Network;

public sealed class DialerTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Dial_Echo_CarriesBytesAndHalfClosesBothWays(string address)
    {
        using var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        await using var stream = (NetworkStream)await agent.Client.DialAsync(((IPEndPoint)listener.LocalEndpoint).Port, Token);
        using var service = await listener.AcceptSocketAsync(Token);
        await using var inside = new NetworkStream(service);

        var request = new byte[3_000_000];
        new Random(2).NextBytes(request);
        var echo = Task.Run(async () =>
        {
            using var all = new MemoryStream();
            await inside.CopyToAsync(all, Token);
            // Only now, after the end of the request, the answer.
            await inside.WriteAsync(all.ToArray(), Token);
            service.Shutdown(SocketShutdown.Send);
        }, Token);
        await stream.WriteAsync(request, Token);
        stream.Socket.Shutdown(SocketShutdown.Send);
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer, Token);
        await echo;
        Assert.True(request.AsSpan().SequenceEqual(answer.ToArray()));
    }

    [Fact]
    public async Task Dial_ServiceEndsFirst_TheOtherDirectionGoesOn()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var stream = await agent.Client.DialAsync(((IPEndPoint)listener.LocalEndpoint).Port, Token);
        using var service = await listener.AcceptSocketAsync(Token);
        await using var inside = new NetworkStream(service);
        service.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await stream.ReadAsync(new byte[1], Token));
        await stream.WriteAsync("still"u8.ToArray(), Token);
        await stream.DisposeAsync();
        var buffer = new byte[16];
        Assert.Equal(5, await inside.ReadAtLeastAsync(buffer, 16, throwOnEndOfStream: false, Token));
    }

    [Fact]
    public async Task Dial_NodeGoes_TheServiceSeesTheEnd()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var stream = await agent.Client.DialAsync(((IPEndPoint)listener.LocalEndpoint).Port, Token);
        using var service = await listener.AcceptSocketAsync(Token);
        await stream.DisposeAsync();
        await using var inside = new NetworkStream(service);
        Assert.Equal(0, await inside.ReadAsync(new byte[1], Token));
    }

    [Fact]
    public async Task Dial_NothingListens_IsUnavailable()
    {
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.DialAsync(1, Token));
        Assert.Equal(AgentErrorCode.Unavailable, e.Code);
        Assert.Equal(AgentErrorCode.InvalidArgument, (await Assert.ThrowsAsync<AgentException>(() => agent.Client.DialAsync(70000, Token))).Code);
    }
}
