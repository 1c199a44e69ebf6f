using System.Net.Sockets;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Agent.Tests.Connections;

public sealed class ConnectionServerTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Accept_OverTheLimit_IsRefusedUntilOthersLeave()
    {
        List<Socket> sockets = [];
        AgentException? refusal = null;
        while (refusal is null)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(agent.SocketPath), Token);
            sockets.Add(socket);
            Assert.True(sockets.Count <= 128);
            // A connection that is served stays silent; one that is refused is answered at once.
            if (sockets.Count == 128) refusal = await Assert.ThrowsAsync<AgentException>(() => agent.Client.PingAsync(Token));
        }

        Assert.Equal(AgentErrorCode.ResourceExhausted, refusal.Code);
        foreach (var socket in sockets) socket.Dispose();
        while (true)
        {
            try
            {
                await agent.Client.PingAsync(Token);
                break;
            }
            catch (AgentException e) when (e.Code == AgentErrorCode.ResourceExhausted)
            {
                await Task.Yield();
            }
        }
    }
}
