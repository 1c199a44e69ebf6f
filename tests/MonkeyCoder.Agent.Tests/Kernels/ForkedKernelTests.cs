using System.Net.Sockets;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Tests.Kernels;

/// <summary>What the agent makes of kernels that the node says it has forked. That it runs them is shown where there is a zygote.</summary>
public sealed class ForkedKernelTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(999_999)]
    public async Task OpenKernel_ForkThatIsNoChild_IsStartedInstead(int pid)
    {
        var forks = new FakeForks(pid);
        var client = AgentClient.ForUnixSocket(agent.SocketPath, forks: forks);

        await client.OpenKernelAsync(new KernelOpenRequest($"none {pid}", "test", null, null), Token);

        // As it would have been started.
        Assert.Equal(agent.Home, forks.Plan!.WorkingDirectory);
        Assert.Equal((1001, agent.Home, "user"), (forks.Plan.UserId, forks.Plan.Environment["HOME"], forks.Plan.Environment["USER"]));
        await using var cell = await client.ExecuteAsync(new KernelExecuteRequest($"none {pid}", "1", new Dictionary<string, string>()), Token);
        CellOutput? last = null;
        await foreach (var piece in cell.ReadAllAsync(Token)) last = piece;
        Assert.Equal(new CellIdle(false), last);
        // One that runs is not forked.
        forks.Plan = null;
        await client.OpenKernelAsync(new KernelOpenRequest($"none {pid}", "test", null, null), Token);
        Assert.Null(forks.Plan);
    }

    [Fact]
    public async Task KernelFork_WithoutDescriptors_IsRefused()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(agent.SocketPath), Token);
        var writer = new WireWriter();
        writer.WriteFrame(FrameType.KernelFork, new KernelOpenRequest("bare", "test", null, null));
        await socket.SendAsync(writer.WrittenMemory, Token);
        writer.Clear();
        writer.WriteFrame(FrameType.KernelForked, new ForkedKernelMessage(7));
        var buffer = new byte[64 * 1024];
        Assert.True(await socket.ReceiveAsync(buffer, Token) > 0);
        Assert.Equal((byte)FrameType.KernelPlan, buffer[0]);

        await socket.SendAsync(writer.WrittenMemory, Token);

        Assert.True(await socket.ReceiveAsync(buffer, Token) > 5);
        Assert.Equal([(byte)FrameType.Error, (byte)AgentErrorCode.InvalidArgument], [buffer[0], buffer[5]]);
    }

    private sealed class FakeForks(int pid) : IKernelForks
    {
        public KernelPlanMessage? Plan { get; set; }

        public bool Offers(string language) => language == "test";

        public Task<ForkedKernel?> TryForkAsync(KernelPlanMessage plan, CancellationToken cancellationToken)
        {
            Plan = plan;
            var (driver, other) = Libc.SocketPair();
            other.Dispose();
            var (stdout, writer) = Libc.Pipe();
            return Task.FromResult<ForkedKernel?>(new ForkedKernel(pid, driver, stdout, writer));
        }
    }
}
