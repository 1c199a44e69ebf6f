using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Contracts.Tests.Agent;

public sealed class FrameHeaderTests
{
    [Theory]
    [InlineData(FrameType.Data, AgentProtocol.MaxChunkBytes, true)]
    [InlineData(FrameType.Data, AgentProtocol.MaxChunkBytes + 1, false)]
    [InlineData(FrameType.Pty, AgentProtocol.MaxChunkBytes + 1, false)]
    [InlineData(FrameType.FileEntry, AgentProtocol.MaxFrameBytes, true)]
    [InlineData(FrameType.FileEntry, AgentProtocol.MaxFrameBytes + 1, false)]
    [InlineData((FrameType)200, -1, false)]
    [InlineData((FrameType)200, int.MinValue, false)]
    public void Read_Length_IsHeldToTheLimitOfItsType(FrameType type, int length, bool allowed)
    {
        var bytes = new byte[AgentProtocol.HeaderBytes];
        new FrameHeader(type, length).Write(bytes);
        if (allowed) Assert.Equal(new FrameHeader(type, length), FrameHeader.Read(bytes));
        else Assert.Throws<InvalidDataException>(() => FrameHeader.Read(bytes));
    }

    [Fact]
    public void WriteFrame_TwoInARow_HaveTheirLengths()
    {
        var writer = new WireWriter();
        writer.WriteFrame(FrameType.Ok, null);
        writer.WriteFrame(FrameType.Dial, new DialRequest(258));
        Assert.Equal([100, 0, 0, 0, 0, 30, 4, 0, 0, 0, 2, 1, 0, 0], writer.Written.ToArray());
    }

    [Fact]
    public void WriteFrame_OverTheLimit_Throws() => Assert.Throws<InvalidDataException>(() =>
        new WireWriter().WriteFrame(FrameType.KernelExecute, new KernelRequest(new string('x', AgentProtocol.MaxFrameBytes))));
}
