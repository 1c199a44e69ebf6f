using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Contracts.Tests.Agent;

public sealed class AgentMessageTests
{
    private static readonly Dictionary<string, string> Map = new() { ["ä"] = "1", ["empty"] = "" };

    private static readonly FileEntryInfo Entry =
        new("n", "/p/n", FileEntryType.Symlink, long.MaxValue, 0x1FF, "Lrwxrwxrwx", "user", "1002", -1, "/t", Map);

    private delegate IAgentMessage Reader(ref WireReader reader);

    private static readonly Dictionary<string, (IAgentMessage Message, Reader Read)> Messages = new()
    {
        ["error"] = (new AgentError(AgentErrorCode.OutOfSpace, "füll"), AgentError.Read),
        ["info"] = (new AgentInfo(1, "0.1.0"), AgentInfo.Read),
        ["configure"] = (new ConfigureRequest(Map, "user", null), ConfigureRequest.Read),
        ["dial"] = (new DialRequest(65535), DialRequest.Read),
        ["start"] = (new ProcessStartRequest("c", ["a", ""], Map, "/w", "root", "t", true, new PtySize(80, 24)), ProcessStartRequest.Read),
        ["start bare"] = (new ProcessStartRequest("", [], new Dictionary<string, string>(), null, null, null, false, null), ProcessStartRequest.Read),
        ["selector"] = (new ProcessSelector(0, "t"), ProcessSelector.Read),
        ["input"] = (new ProcessInputRequest(new ProcessSelector(7, null), true, new byte[] { 0, 255 }), ProcessInputRequest.Read),
        ["signal"] = (new ProcessSignalRequest(new ProcessSelector(7, null), 9), ProcessSignalRequest.Read),
        ["resize"] = (new ProcessResizeRequest(new ProcessSelector(7, null), new PtySize(1, 2)), ProcessResizeRequest.Read),
        ["started"] = (new ProcessStartedEvent(7), ProcessStartedEvent.Read),
        ["exited"] = (new ProcessExitedEvent(-1, 9), ProcessExitedEvent.Read),
        ["listing"] = (new ProcessListingAnswer([new ProcessListItem(1, null, "c", ["a"], Map, "/w"), new ProcessListItem(2, "t", "", [], Map, null)]), ProcessListingAnswer.Read),
        ["path"] = (new PathRequest("~/x", null), PathRequest.Read),
        ["read"] = (new FileReadRequest(new PathRequest("", "u"), 5, -1), FileReadRequest.Read),
        ["opened"] = (new FileOpenedAnswer(Entry, -1), FileOpenedAnswer.Read),
        ["write"] = (new FileWriteRequest(new PathRequest("x", null), Map), FileWriteRequest.Read),
        ["move"] = (new MoveRequest("a", "b", null), MoveRequest.Read),
        ["list"] = (new ListDirectoryRequest(new PathRequest("x", null), 3), ListDirectoryRequest.Read),
        ["compose"] = (new ComposeRequest(["a", "b"], "c", "u"), ComposeRequest.Read),
        ["watch"] = (new WatchRequest(new PathRequest("x", null), true, false, true), WatchRequest.Read),
        ["change"] = (new WatchEventInfo("n", WatchEventType.Chmod, Entry), WatchEventInfo.Read),
        ["change bare"] = (new WatchEventInfo("n", WatchEventType.Remove, null), WatchEventInfo.Read),
        ["entry"] = (Entry with { SymlinkTarget = null }, FileEntryInfo.Read),
        ["open kernel"] = (new KernelOpenRequest("id", "python", null, "user"), KernelOpenRequest.Read),
        ["kernel plan"] = (new KernelPlanMessage(1001, 1001, [1001, 27], Map, "/w"), KernelPlanMessage.Read),
        ["forked kernel"] = (new ForkedKernelMessage(7), ForkedKernelMessage.Read),
        ["execute"] = (new KernelExecuteRequest("id", "print('\0')", Map), KernelExecuteRequest.Read),
        ["kernel"] = (new KernelRequest("id"), KernelRequest.Read),
        ["message"] = (new KernelMessageEvent("result", true, new byte[] { 1, 2, 3 }), KernelMessageEvent.Read),
        ["idle"] = (new KernelIdleEvent(true), KernelIdleEvent.Read),
    };

    public static TheoryData<string> Names => [.. Messages.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Read_OfWhatWasWritten_IsTheSame(string name)
    {
        var (message, read) = Messages[name];
        var bytes = Write(message);
        var reader = new WireReader(bytes);
        var back = read(ref reader);
        Assert.True(reader.AtEnd);
        Assert.Equal(message.GetType(), back.GetType());
        Assert.Equal(bytes, Write(back));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Read_OfAnyShorterPayload_Throws(string name)
    {
        var (message, read) = Messages[name];
        var bytes = Write(message);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() =>
            {
                var reader = new WireReader(bytes.AsSpan(0, length));
                read(ref reader);
            });
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Read_OfDamagedPayloads_ThrowsNothingElse(string name)
    {
        var (message, read) = Messages[name];
        var random = new Random(1);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = Write(message);
            for (var hits = random.Next(1, 4); hits > 0 && bytes.Length > 0; hits--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                var reader = new WireReader(bytes);
                read(ref reader);
            }
            catch (InvalidDataException)
            {
                // The one exception there is.
            }
        }
    }

    [Fact]
    public void ReadCount_OverWhatIsLeft_AllocatesNothing()
    {
        byte[] bytes = [0xFF, 0xFF, 0xFF, 0x7F, 0, 0];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 3; i++)
        {
            try
            {
                var reader = new WireReader(bytes);
                _ = i == 0 ? reader.ReadList() : i == 1 ? (object)reader.ReadMap() : reader.ReadString();
                Assert.Fail("it was read");
            }
            catch (InvalidDataException)
            {
            }
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    private static byte[] Write(IAgentMessage message)
    {
        var writer = new WireWriter();
        message.Write(writer);
        return writer.Written.ToArray();
    }
}
