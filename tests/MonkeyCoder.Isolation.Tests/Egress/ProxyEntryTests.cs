using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class ProxyEntryTests
{
    private const string Example = "answer from 93.184.215.14:80\n";

    private static readonly EgressPolicy NamedPorts = new()
    {
        AllowedHosts = [.. new[] { 22, 443, FakeInternet.SilentPort }.Select(port => FakeInternet.Rule("example.com", PortSet.Only(port)))],
    };

    [Fact]
    public async Task Request_AllowedHost_IsAnsweredByItsAddress()
    {
        await using var proxy = new ProxyFixture();

        var answer = await proxy.TalkAsync("GET http://Example.com:80/a?b HTTP/1.1\r\nHost: example.com\r\nX-A: b\r\nProxy-Connection: keep-alive\r\nConnection: keep-alive, X-Hop\r\nX-Hop: c\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.EndsWith(Example, answer, StringComparison.Ordinal);
        Assert.Equal("GET /a?b HTTP/1.1\r\nHost: example.com\r\nX-A: b\r\nConnection: close\r\n\r\n", Assert.Single(proxy.Internet.Requests));
        Assert.Empty(proxy.Internet.Refusals);
        Assert.True(proxy.Egress.Bytes > answer.Length);
    }

    [Theory]
    [InlineData("GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n", "400", "bad_host")]
    [InlineData("GET http://other.org/ HTTP/1.1\r\nHost: other.org\r\n\r\n", "403", "not_allowed")]
    [InlineData("GET http://example.com:8080/ HTTP/1.1\r\nHost: example.com:8080\r\n\r\n", "403", "port")]
    [InlineData("GET http://pypi.org/ HTTP/1.1\r\nHost: pypi.org\r\n\r\n", "403", "not_allowed")]
    [InlineData("GET http://169.254.169.254/ HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n", "403", "special_address")]
    [InlineData("GET http://93.184.215.14/ HTTP/1.1\r\nHost: 93.184.215.14\r\n\r\n", "403", "not_allowed")]
    [InlineData("GET http://0x7f000001:18081/ HTTP/1.1\r\nHost: 0x7f000001:18081\r\n\r\n", "400", "bad_host")]
    [InlineData("GET http://[::1]:18081/ HTTP/1.1\r\nHost: [::1]:18081\r\n\r\n", "400", "bad_host")]
    [InlineData("GET http://example.com@127.0.0.1/ HTTP/1.1\r\nHost: example.com\r\n\r\n", "400", "bad_host")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\nHost: internal.test\r\n\r\n", "400", "name_mismatch")]
    [InlineData("GET / HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n", "400", "bad_host")]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", "400", "bad_host")]
    [InlineData("CONNECT example.com:22 HTTP/1.1\r\nHost: example.com:22\r\n\r\n", "403", "port")]
    [InlineData("CONNECT example.com:0 HTTP/1.1\r\nHost: example.com:0\r\n\r\n", "400", "bad_host")]
    [InlineData("CONNECT example.com:65536 HTTP/1.1\r\nHost: example.com\r\n\r\n", "400", "bad_host")]
    [InlineData("CONNECT example.com HTTP/1.1\r\nHost: example.com\r\n\r\n", "400", "bad_host")]
    [InlineData("CONNECT 127.0.0.1:18081 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "403", "special_address")]
    [InlineData("CONNECT localhost:18081 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400", "bad_host")]
    [InlineData("CONNECT evil.test%00.pypi.org:443 HTTP/1.1\r\nHost: a\r\n\r\n", "400", "bad_host")]
    [InlineData("CONNECT files.pypi.org@evil.test:443 HTTP/1.1\r\nHost: a\r\n\r\n", "400", "bad_host")]
    public async Task Request_RefusedDestination_IsAnsweredAndReported(string request, string status, string reason)
    {
        await using var proxy = new ProxyFixture();

        Assert.StartsWith($"HTTP/1.1 {status} ", await proxy.TalkAsync(request), StringComparison.Ordinal);

        Assert.Equal(reason, Assert.Single(proxy.Internet.Refusals).Reason);
        Assert.Empty(proxy.Internet.Dialed);
        Assert.Empty(proxy.Internet.Lookups);
    }

    [Theory]
    [InlineData("GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\nHost: example.com\r\n\r\n")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\n\r\n")]
    [InlineData("POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: xchunked\r\n\r\n")]
    [InlineData("POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\nContent-Length: +1\r\n\r\na")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n folded: x\r\n\r\n")]
    [InlineData("GET http://example.com/ HTTP/1.1\nHost: example.com\r\n\r\n")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\nHost : example.com\r\n\r\n")]
    [InlineData("GET http://evil.test .pypi.org/ HTTP/1.1\r\nHost: files.pypi.org\r\n\r\n")]
    [InlineData("GET http://evil.test#.pypi.org/ HTTP/1.1\r\nHost: files.pypi.org\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("hello\r\n\r\n")]
    public async Task Request_ThatCouldBeReadInTwoWays_GoesNowhere(string request)
    {
        await using var proxy = new ProxyFixture();

        Assert.StartsWith("HTTP/1.1 400 ", await proxy.TalkAsync(request), StringComparison.Ordinal);

        Assert.Empty(proxy.Internet.Dialed);
        Assert.Contains(Assert.Single(proxy.Internet.Refusals).Reason, new[] { "bad_request", "bad_host" });
    }

    [Fact]
    public async Task Request_SecondOneOnTheConnection_IsNotForwarded()
    {
        await using var proxy = new ProxyFixture();

        var answer = await proxy.TalkAsync("GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\nGET http://169.254.169.254/ HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n");

        Assert.EndsWith(Example, answer, StringComparison.Ordinal);
        Assert.Single(proxy.Internet.Requests);
        Assert.Single(proxy.Internet.Dialed);
    }

    [Theory]
    [InlineData("10.0.0.5")]
    [InlineData("93.184.215.14", "10.0.0.5")]
    [InlineData("::1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("0.0.0.0")]
    [InlineData("100.64.0.1")]
    public async Task Request_NameWithASpecialAddress_IsRefusedWhole(params string[] addresses)
    {
        await using var proxy = new ProxyFixture();
        proxy.Internet.Add("mixed.pypi.org", addresses);

        Assert.StartsWith("HTTP/1.1 403 ", await proxy.TalkAsync("GET http://mixed.pypi.org/ HTTP/1.1\r\nHost: mixed.pypi.org\r\n\r\n"), StringComparison.Ordinal);

        Assert.Equal("special_address", Assert.Single(proxy.Internet.Refusals).Reason);
        Assert.Empty(proxy.Internet.Dialed);
    }

    [Fact]
    public async Task Request_NameThatChangesItsAddress_IsDialedWhereItWasJudged()
    {
        await using var proxy = new ProxyFixture();
        for (var round = 0; round < 10; round++)
        {
            proxy.Internet.Add("rebind.pypi.org", round % 2 == 0 ? "151.101.0.223" : "127.0.0.1");
            var answer = await proxy.TalkAsync("GET http://rebind.pypi.org/ HTTP/1.1\r\nHost: rebind.pypi.org\r\n\r\n");
            Assert.StartsWith(round % 2 == 0 ? "HTTP/1.1 200" : "HTTP/1.1 403", answer, StringComparison.Ordinal);
        }

        Assert.All(proxy.Internet.Dialed, endPoint => Assert.Equal("151.101.0.223", endPoint.Address.ToString()));
    }

    [Fact]
    public async Task Request_ChunkedBody_ArrivesWhole()
    {
        await using var proxy = new ProxyFixture();

        await proxy.TalkAsync("POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nTrailer: t\r\n\r\n");

        Assert.Equal("3\r\nabc\r\n0\r\n\r\n", string.Concat(proxy.Internet.Requests).Split("\r\n\r\n", 2)[1]);
    }

    [Fact]
    public async Task Connect_NameThatTheClientMeansInTls_IsTunnelled()
    {
        await using var proxy = new ProxyFixture();
        using var client = await proxy.ConnectAsync();
        await ProxyFixture.SendAsync(client, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await ProxyFixture.ReadUntilAsync(client, "\r\n\r\n"), StringComparison.Ordinal);

        await using var tls = new System.Net.Security.SslStream(new System.Net.Sockets.NetworkStream(client, ownsSocket: false), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate?.Subject == "CN=example.com");
        await tls.AuthenticateAsClientAsync("example.com");
        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(tls);

        Assert.EndsWith("answer from 93.184.215.14:443\n", await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("files.pypi.org")]
    [InlineData(null)]
    public async Task Connect_ClientThatMeansAnotherName_IsReset(string? serverName)
    {
        await using var proxy = new ProxyFixture();
        using var client = await proxy.ConnectAsync();
        await ProxyFixture.SendAsync(client, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
        await ProxyFixture.ReadUntilAsync(client, "\r\n\r\n");

        await client.SendAsync(ClientHelloBytes.Make(serverName is null ? [] : [serverName]), TestContext.Current.CancellationToken);

        Assert.Equal("<reset>", await ProxyFixture.ReadToEndAsync(client));
        Assert.Equal("name_mismatch", Assert.Single(proxy.Internet.Refusals).Reason);
    }

    [Fact]
    public async Task Connect_ClientThatSpeaksSomethingElse_IsReset()
    {
        await using var proxy = new ProxyFixture();
        using var client = await proxy.ConnectAsync();
        await ProxyFixture.SendAsync(client, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n");
        await ProxyFixture.ReadUntilAsync(client, "\r\n\r\n");

        await ProxyFixture.SendAsync(client, "GET / HTTP/1.1\r\nHost: other.org\r\n\r\n");

        Assert.Equal("<reset>", await ProxyFixture.ReadToEndAsync(client));
        Assert.Empty(proxy.Internet.Requests);
    }

    [Fact]
    public async Task Connect_ServerThatSpeaksFirstAtANamedPort_IsTunnelled()
    {
        await using var proxy = new ProxyFixture(NamedPorts);
        using var client = await ConnectAsync(proxy, 22);
        Assert.Equal("hello\n", await ProxyFixture.ReadUntilAsync(client, "\n"));

        await ProxyFixture.SendAsync(client, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");

        await ProxyFixture.ReadUntilAsync(client, "Debian-2\r\n");
        Assert.Empty(proxy.Internet.Refusals);
    }

    [Theory]
    [InlineData("SSH-2.0-x\r\n")]
    [InlineData("003egit-upload-pack /a.git\0host=example.com\0")]
    [InlineData("EHLO somebody\r\n")]
    [InlineData("\0\0\0\x08\x04\xd2\x16\x2f")]
    public async Task Connect_ClientThatSpeaksFirstAtANamedPort_IsTunnelled(string words)
    {
        await using var proxy = new ProxyFixture(NamedPorts);
        using var client = await ConnectAsync(proxy, FakeInternet.SilentPort);

        await ProxyFixture.SendAsync(client, words);

        await ProxyFixture.ReadUntilAsync(client, words);
        Assert.Empty(proxy.Internet.Refusals);
    }

    [Theory]
    [InlineData("example.com", false)]
    [InlineData("files.pypi.org", true)]
    [InlineData(null, true)]
    public async Task Connect_TlsAtANamedPort_MustMeanTheSameName(string? serverName, bool refused)
    {
        await using var proxy = new ProxyFixture(NamedPorts);
        using var client = await ConnectAsync(proxy, FakeInternet.SilentPort);
        var hello = ClientHelloBytes.Make(serverName is null ? [] : [serverName]);

        await client.SendAsync(hello, TestContext.Current.CancellationToken);

        if (refused) Assert.Equal("<reset>", await ProxyFixture.ReadToEndAsync(client));
        else await ProxyFixture.ReadUntilAsync(client, System.Text.Encoding.Latin1.GetString(hello));
        Assert.Equal(refused ? ["name_mismatch"] : [], proxy.Internet.Refusals.Select(refusal => refusal.Reason));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: example.com:9418\r\n\r\n", null)]
    [InlineData("GET / HTTP/1.1\r\nHost: other.org\r\n\r\n", "name_mismatch")]
    [InlineData("get / http/1.1\r\nHost: other.org\r\n\r\n", "bad_request")]
    [InlineData("\r\n\r\nGET / HTTP/1.1\r\nHost: other.org\r\n\r\n", "bad_request")]
    [InlineData("GET /\xff HTTP/1.1\r\nHost: other.org\r\n\r\n", "bad_request")]
    [InlineData("GET\t/ HTTP/1.1\r\nHost: other.org\r\n\r\n", "bad_request")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad_request")]
    public async Task Connect_HttpAtANamedPort_MustMeanTheSameName(string request, string? reason)
    {
        await using var proxy = new ProxyFixture(NamedPorts);
        using var client = await ConnectAsync(proxy, FakeInternet.SilentPort);

        await ProxyFixture.SendAsync(client, request);

        if (reason is null) await ProxyFixture.ReadUntilAsync(client, "Host: example.com:9418\r\n");
        else Assert.Equal("<reset>", await ProxyFixture.ReadToEndAsync(client));
        // What is no HTTP is reported after the reset.
        await proxy.Egress.DisposeAsync();
        Assert.Equal(reason is null ? [] : [reason], proxy.Internet.Refusals.Select(refusal => refusal.Reason));
    }

    [Theory]
    [InlineData("GET / HT")]
    [InlineData("GET / HTTP/1.1\nHost: other.org\n\n")]
    public async Task Connect_LineThatMayBecomeHttp_IsRefusedInTheEnd(string words)
    {
        await using var proxy = new ProxyFixture(NamedPorts, new EgressOptions { HeadTimeout = TimeSpan.FromMilliseconds(200) });
        using var client = await ConnectAsync(proxy, FakeInternet.SilentPort);

        await ProxyFixture.SendAsync(client, words);

        Assert.Equal("<reset>", await ProxyFixture.ReadToEndAsync(client));
        Assert.Equal("name_mismatch", Assert.Single(proxy.Internet.Refusals).Reason);
    }

    [Fact]
    public async Task Connect_OtherProtocolWhereTheAddressAloneIsAllowed_IsTunnelled()
    {
        await using var proxy = new ProxyFixture(new EgressPolicy { AllowPublic = true });
        using var client = await ConnectAsync(proxy, 22);

        Assert.Equal("hello\n", await ProxyFixture.ReadUntilAsync(client, "\n"));
    }

    [Theory]
    [InlineData(443, false)]
    [InlineData(443, true)]
    [InlineData(80, true)]
    public async Task Connect_OtherProtocolAtAWebPort_IsReset(int port, bool everything)
    {
        await using var proxy = new ProxyFixture(everything ? new EgressPolicy { AllowPublic = true } : NamedPorts);
        using var client = await ConnectAsync(proxy, port);

        await ProxyFixture.SendAsync(client, "SSH-2.0-x\r\n");

        Assert.Equal("<reset>", await ProxyFixture.ReadToEndAsync(client));
        Assert.Equal("name_mismatch", Assert.Single(proxy.Internet.Refusals).Reason);
    }

    [Fact]
    public async Task Socks_ServerThatSpeaksFirstAtANamedPort_IsTunnelled()
    {
        await using var proxy = new ProxyFixture(NamedPorts);
        using var client = await proxy.ConnectAsync();
        await ProxyFixture.SendAsync(client, "\x05\x01\0");
        await ProxyFixture.ReadUntilAsync(client, "\x05\0");

        await ProxyFixture.SendAsync(client, "\x05\x01\0\x03\u000bexample.com\0\x16");

        Assert.EndsWith("hello\n", await ProxyFixture.ReadUntilAsync(client, "hello\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Socks_AllowedName_IsJudgedByTheHostFieldToo()
    {
        await using var proxy = new ProxyFixture();
        using var client = await proxy.ConnectAsync();
        await ProxyFixture.SendAsync(client, "\x05\x01\0");
        Assert.Equal("\x05\0", await ProxyFixture.ReadUntilAsync(client, "\0"));
        await ProxyFixture.SendAsync(client, "\x05\x01\0\x03\u000bexample.com\0\x50");
        await ProxyFixture.ReadUntilAsync(client, "\x05\0\0\x01\0\0\0\0\0\0");

        await ProxyFixture.SendAsync(client, "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n");

        Assert.EndsWith(Example, await ProxyFixture.ReadToEndAsync(client), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\x05\x01\0\x03\x09other.org\0\x50", 2)]
    [InlineData("\x05\x01\0\x01\x7f\0\0\x01\x46\xa1", 2)]
    [InlineData("\x05\x02\0\x01\x7f\0\0\x01\x46\xa1", 7)]
    [InlineData("\x05\x01\0\x04\x7f\0\0\x01\x46\xa1", 8)]
    public async Task Socks_WhatIsNotServed_IsAnsweredSo(string request, int reply)
    {
        await using var proxy = new ProxyFixture();
        using var client = await proxy.ConnectAsync();
        await ProxyFixture.SendAsync(client, "\x05\x01\0");
        await ProxyFixture.ReadUntilAsync(client, "\x05\0");

        await ProxyFixture.SendAsync(client, request);

        Assert.StartsWith($"\x05{(char)reply}", await ProxyFixture.ReadToEndAsync(client), StringComparison.Ordinal);
        Assert.Empty(proxy.Internet.Dialed);
    }

    /// <summary>A tunnel to example.com, with nothing read of what follows.</summary>
    private static async Task<System.Net.Sockets.Socket> ConnectAsync(ProxyFixture proxy, int port)
    {
        const string Established = "HTTP/1.1 200 Connection established\r\n\r\n";
        var client = await proxy.ConnectAsync();
        await ProxyFixture.SendAsync(client, $"CONNECT example.com:{port} HTTP/1.1\r\nHost: example.com:{port}\r\n\r\n");
        var answer = new byte[Established.Length];
        for (int count, read = 0; read < answer.Length; read += count)
            Assert.NotEqual(0, count = await client.ReceiveAsync(answer.AsMemory(read), TestContext.Current.CancellationToken));
        Assert.Equal(Established, System.Text.Encoding.Latin1.GetString(answer));
        return client;
    }
}
