using System.Net;
using System.Net.Sockets;
using System.Text;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.Tests.Hosting;

/// <summary>Clients that are slow, many, or send too much before anybody knows who they are.</summary>
public sealed class ListenerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Headers_ThatNeverEnd_AreCutOffAndOthersAreServed()
    {
        await using var node = await NodeFixture.StartAsync("--Hosting:HeadersTimeout=00:00:01");
        var slow = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => OpenAsync(node, "GET /health HTTP/1.1\r\nHost: x\r\nX-A: ")));

        Assert.Equal(HttpStatusCode.OK, (await node.GetAsync("/health")).StatusCode);
        foreach (var client in slow) Assert.Equal("", await ReadAsync(client));
    }

    [Fact]
    public async Task Headers_ThatAreWhole_KeepTheConnection()
    {
        await using var node = await NodeFixture.StartAsync("--Hosting:HeadersTimeout=00:00:05");
        using var silent = await OpenAsync(node, "");
        using var client = await OpenAsync(node, "");
        await AskHealthAsync(client);

        // The one that says nothing is cut off; the other, opened with it, has asked and may ask again.
        Assert.Equal("", await ReadAsync(silent));
        await AskHealthAsync(client);
    }

    [Fact]
    public async Task Body_ThatTrickles_IsCutOff()
    {
        await using var node = await NodeFixture.StartAsync("--Hosting:SlowBodyGrace=00:00:02");
        var head = $"POST /sandbox/execute HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {NodeFixture.Token()}\r\n"
            + "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";

        using var client = await OpenAsync(node, head);

        await AssertCutOffAsync(client, "408");
    }

    [Fact]
    public async Task Body_OfACreateThatTrickles_IsCutOffWithoutAnAnswer()
    {
        await using var node = await NodeFixture.StartAsync("--Hosting:SlowBodyGrace=00:00:02");
        var key = await node.Keys.CreateAsync("k", "a", Cancelled);
        var head = $"POST /sandboxes HTTP/1.1\r\nHost: x\r\nX-API-KEY: {key.Key}\r\nContent-Length: 1000\r\n\r\n{{";

        using var client = await OpenAsync(node, head);

        Assert.Equal("", await ReadAsync(client));
    }

    [Theory]
    [InlineData(1, 40_000)]
    [InlineData(200, 10)]
    public async Task Headers_TooLargeOrTooMany_AreRefused(int count, int length)
    {
        await using var node = await NodeFixture.StartAsync();
        var headers = string.Concat(Enumerable.Range(0, count).Select(i => $"X-{i}: {new string('a', length)}\r\n"));

        using var client = await OpenAsync(node, $"GET /health HTTP/1.1\r\nHost: x\r\n{headers}\r\n");

        await AssertCutOffAsync(client, "431");
    }

    [Fact]
    public async Task Connections_MoreThanThereMayBe_AreClosedAndTheOthersGoOn()
    {
        await using var node = await NodeFixture.StartAsync("--Hosting:MaxConnections=2");
        using var one = await OpenAsync(node, "");
        using var two = await OpenAsync(node, "");
        await AskHealthAsync(one);
        await AskHealthAsync(two);

        using var three = await OpenAsync(node, "");

        Assert.Equal("", await ReadAsync(three));
        await AskHealthAsync(one);
    }

    /// <summary>Its kernel acknowledges all the time that there is no room.</summary>
    [Fact]
    public async Task Client_ThatReadsNothingForLong_IsKept()
    {
        await using var node = await NodeFixture.StartAsync("--Hosting:ClientLostAfter=00:00:05");
        var question = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096, SendBufferSize = 4096 };
        await client.ConnectAsync(node.Addresses[0].Host, node.Addresses[0].Port, Cancelled);
        client.Blocking = false;
        // Until the node has no room for more answers, and takes no more questions.
        byte[] questions = [.. Enumerable.Repeat(question, 100).SelectMany(static one => one)];
        var sent = 0;
        while (client.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectWrite))
            sent += client.Send(questions.AsSpan(sent % question.Length), SocketFlags.None);

        await Task.Delay(TimeSpan.FromSeconds(12), Cancelled);

        client.Blocking = true;
        Assert.Equal(sent / question.Length, await CountAnswersAsync(client, sent / question.Length));
    }

    [Theory]
    [InlineData(0, 0, 1000, false)]
    [InlineData(0, 1, 1000, false)]
    [InlineData(0, 2, 44, false)]
    [InlineData(0, 2, 45, true)]
    [InlineData(7, 0, 44, false)]
    [InlineData(7, 0, 45, true)]
    public void IsLost_Connection_OwesAnAnswerForThatLong(int retransmits, int probes, int seconds, bool lost) =>
        Assert.Equal(lost, new TcpState(retransmits, probes, TimeSpan.FromSeconds(seconds)).IsLost(TimeSpan.FromSeconds(45)));

    [Fact]
    public async Task Metrics_WithAPortOfTheirOwn_AreAnsweredThereOnly()
    {
        await using var node = await NodeFixture.StartAsync("--Hosting:MetricsPort=0");
        using var other = new HttpClient { BaseAddress = node.Addresses[1] };
        using var spoofed = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        spoofed.Headers.Host = node.Addresses[1].Authority;

        Assert.Contains("sandbox_active_sessions", await other.GetStringAsync("/metrics", Cancelled), StringComparison.Ordinal);
        await NodeFixture.AssertProblemAsync(await node.GetAsync("/metrics"), 404, "not_found");
        await NodeFixture.AssertProblemAsync(await node.Http.SendAsync(spoofed, Cancelled), 404, "not_found");
    }

    private static async Task<Socket> OpenAsync(NodeFixture node, string text)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(node.Addresses[0].Host, node.Addresses[0].Port, Cancelled);
        if (text.Length > 0) await socket.SendAsync(Encoding.ASCII.GetBytes(text), Cancelled);
        return socket;
    }

    private static async Task AskHealthAsync(Socket socket)
    {
        await socket.SendAsync("HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Cancelled);
        var answer = "";
        var buffer = new byte[4096];
        while (!answer.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            var length = await socket.ReceiveAsync(buffer, Cancelled);
            Assert.NotEqual(0, length);
            answer += Encoding.ASCII.GetString(buffer, 0, length);
        }

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
    }

    /// <summary>Reads until so many answers have come, or the other side closes.</summary>
    private static async Task<int> CountAnswersAsync(Socket socket, int wanted)
    {
        using var reader = new StreamReader(new NetworkStream(socket));
        var count = 0;
        while (count < wanted && await reader.ReadLineAsync(Cancelled) is { } line)
            if (line.StartsWith("HTTP/1.1 200", StringComparison.Ordinal)) count++;
        return count;
    }

    private static async Task AssertCutOffAsync(Socket client, string status) =>
        Assert.StartsWith($"HTTP/1.1 {status}", await ReadAsync(client), StringComparison.Ordinal);

    /// <summary>Everything until the other side closes.</summary>
    private static async Task<string> ReadAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, Cancelled) is > 0 and var length) text.Append(Encoding.ASCII.GetString(buffer, 0, length));
        }
        catch (SocketException)
        {
            // Closed the hard way.
        }

        return text.ToString();
    }
}
