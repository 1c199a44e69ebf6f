using System.Net;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Tests.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Egress;

/// <summary>What programs in real sandboxes reach, with an internet that is fake.</summary>
[Trait("Needs", "root")]
public sealed class SandboxNetworkTests : IAsyncLifetime
{
    private const string Curl = "curl -s -S -k --max-time 20 ";

    private readonly FakeInternet _internet = new();
    private EngineFixture _fixture = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        _fixture = await EngineFixture.StartAsync(exchange: parts => parts with { Egress = _internet.Parts });

    public async ValueTask DisposeAsync()
    {
        await _fixture.DisposeAsync();
        _internet.Dispose();
    }

    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public async Task Programs_AllowedNames_AreReachedWithoutKnowingOfAProxy(SandboxProfile profile)
    {
        await using var sandbox = await AcquireAsync(profile, FakeInternet.ExamplePolicy);

        var plain = await sandbox.RunAsync(Curl + "http://example.com/a");
        var tls = await sandbox.RunAsync(Curl + "https://files.pypi.org/b");
        var explicitly = await sandbox.RunAsync(Curl + "-x http://127.0.0.1:3128 https://example.com/c");
        var socks = await sandbox.RunAsync(Curl + "-x socks5h://127.0.0.1:3128 http://example.com/d");

        Assert.Equal("answer from 93.184.215.14:80\n", plain.Output + plain.Error);
        Assert.Equal("answer from 151.101.0.223:443\n", tls.Output + tls.Error);
        Assert.Equal("answer from 93.184.215.14:443\n", explicitly.Output + explicitly.Error);
        Assert.Equal("answer from 93.184.215.14:80\n", socks.Output + socks.Error);
        Assert.Empty(_internet.Refusals);
        Assert.True(sandbox.ReadUsage().NetworkBytes > 1000);
    }

    [Fact]
    public async Task Programs_NothingAllowed_AreRefusedAtOnce()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, EgressPolicy.DenyAll);

        var byName = await sandbox.RunAsync(Curl + "http://example.com/");
        var byAddress = await sandbox.RunAsync(Curl + "http://93.184.215.14/");

        Assert.Equal(6, byName.ExitCode);
        Assert.Contains("Could not resolve host", byName.Error, StringComparison.Ordinal);
        // The reset can come before curl has seen the connection (7) or after it (56).
        Assert.Contains(byAddress.ExitCode, new[] { 7, 56 });
        Assert.Empty(_internet.Dialed);
        Assert.Empty(_internet.Lookups);
        Assert.NotEmpty(_internet.Refusals);
        Assert.All(_internet.Refusals, refusal => Assert.Equal("not_allowed", refusal.Reason));
    }

    [Fact]
    public async Task Programs_ThatAskForAddressesTheyCanUse_FindNames()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        // As getaddrinfo(3) has it, only where a device has an IPv4 address other than that of loopback.
        var python = await sandbox.RunAsync("python3 -c \"import socket as s; print(s.getaddrinfo('example.com', 80, s.AF_INET, 0, 0, s.AI_ADDRCONFIG)[0][4])\"");
        var node = await sandbox.RunAsync("node -e \"const d = require('dns'); d.lookup('example.com', { family: 4, hints: d.ADDRCONFIG }, (e, a) => console.log(e ?? a))\"");
        var any = await sandbox.RunAsync("node -e \"const d = require('dns'); d.lookup('example.com', { hints: d.ADDRCONFIG }, (e, a) => console.log(e ?? a))\"");

        Assert.Equal("('93.184.215.14', 80)\n", python.Output + python.Error);
        Assert.Equal("93.184.215.14\n", node.Output + node.Error);
        Assert.Equal("93.184.215.14\n", any.Output + any.Error);
    }

    [Fact]
    public async Task Programs_OtherProtocolAtANamedPort_PassesTheProxyByName()
    {
        await using var sandbox = await AcquireAsync(
            SandboxProfile.Strict, new EgressPolicy { AllowedHosts = [FakeInternet.Rule("example.com", PortSet.Only(22))] });

        var greeted = await sandbox.RunAsync("timeout 20 curl -s -N --max-time 3 -p -x http://127.0.0.1:3128 telnet://example.com:22 < /dev/null; timeout 20 curl -s -N --max-time 3 -x socks5h://127.0.0.1:3128 telnet://example.com:22 < /dev/null");

        Assert.Equal("hello\nhello\n", greeted.Output);
        Assert.Empty(_internet.Refusals);
    }

    [Fact]
    public async Task HeaderRules_ProgramsOfEveryKind_TrustTheAuthorityOfTheirSandbox()
    {
        Assert.True(HostPattern.TryParse("example.com", out var pattern));
        var authority = EgressAuthority.Create(TimeProvider.System.GetUtcNow());
        var policy = FakeInternet.ExamplePolicy with
        {
            HeaderRules = [new HeaderRule(pattern, new Dictionary<string, string> { ["X-Secret"] = "s3cret" })], Authority = authority,
        };
        await using var sandbox = await AcquireAsync(SandboxProfile.Workspace, policy);
        await SandboxTrust.InstallAsync(sandbox.Agent, authority, Token);

        string[] programs =
        [
            "curl -s -S --max-time 20 https://example.com/curl",
            "curl -s -S --max-time 20 -x http://127.0.0.1:3128 https://example.com/proxy",
            "python3 -c \"import urllib.request as u; print(u.urlopen('https://example.com/python').read().decode(), end='')\"",
            "python3 -c \"import requests; print(requests.get('https://example.com/requests').text, end='')\"",
            $"NODE_EXTRA_CA_CERTS={SandboxTrust.CertificatePath} node -e \"fetch('https://example.com/node').then(r => r.text()).then(t => process.stdout.write(t))\"",
        ];
        foreach (var program in programs)
        {
            var run = await sandbox.RunAsync(program);
            Assert.Equal("answer from 93.184.215.14:443\n", run.Output + run.Error);
        }

        // What has no rule is not read: its own certificate is seen, which nobody inside trusts.
        var other = await sandbox.RunAsync("curl -s -S --max-time 20 https://files.pypi.org/");
        Assert.Equal(60, other.ExitCode);
        Assert.Equal(programs.Length, _internet.Requests.Count);
        Assert.All(_internet.Requests, static request => Assert.Contains("X-Secret: s3cret\r\n", request, StringComparison.Ordinal));
        var found = await sandbox.RunAsync("env; sudo grep -rsl s3cret /etc /usr/local /home /tmp /proc/self/environ");
        Assert.DoesNotContain("s3cret", found.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Programs_ChosenAddressOfAnAllowedName_IsNotWhereTheyGo()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var plain = await sandbox.RunAsync(Curl + "--resolve example.com:80:169.254.169.254 http://example.com/");
        var tls = await sandbox.RunAsync(Curl + "--resolve example.com:443:198.51.100.66 https://example.com/");

        Assert.Equal("answer from 93.184.215.14:80\n", plain.Output);
        Assert.Equal("answer from 93.184.215.14:443\n", tls.Output);
        Assert.All(_internet.Dialed, endPoint => Assert.Equal(FakeInternet.ExampleAddress, endPoint.Address.ToString()));
    }

    [Fact]
    public async Task Programs_HostThatIsNotTheAllowedOne_IsRefusedWithASentence()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var plain = await sandbox.RunAsync(Curl + "-H 'Host: other.org' http://example.com/");
        var tls = await sandbox.RunAsync(Curl + "--resolve other.org:443:93.184.215.14 https://other.org/");

        Assert.Equal("The network policy does not let this program connect to other.org:80.\n", plain.Output);
        Assert.NotEqual(0, tls.ExitCode);
        Assert.Empty(_internet.Dialed);
        Assert.Equal(["other.org", "other.org"], _internet.Refusals.Select(refusal => refusal.Host));
    }

    [Fact]
    public async Task Programs_KeptConnection_EveryRequestIsJudged()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);
        const string Program = """
            python3 - <<'P'
            import http.client
            c = http.client.HTTPConnection('example.com')
            for host in ('example.com', 'example.com', 'files.pypi.org'):
                try:
                    c.request('GET', '/', headers={'Host': host}); r = c.getresponse(); print(r.status, len(r.read()))
                except Exception as e: print(type(e).__name__)
            P
            """;

        var result = await sandbox.RunAsync(Program);

        Assert.Equal(["200 29", "200 29"], result.Output.Split('\n')[..2]);
        Assert.DoesNotContain("200", result.Output.Split('\n')[2], StringComparison.Ordinal);
        Assert.Equal(2, _internet.Requests.Count);
        Assert.Single(_internet.Dialed);
    }

    [Fact]
    public async Task Programs_WebSocketOverHttp_Switches()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);
        const string Program = """
            python3 - <<'P'
            import socket
            s = socket.create_connection(('example.com', 80))
            s.sendall(b'GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
            data = b''
            while b'hello\n' not in data: data += s.recv(999)
            s.sendall(b'not http at all\n')
            while b'at all\n' not in data: data += s.recv(999)
            print(data.decode().split('\r\n\r\n')[1])
            P
            """;

        Assert.Equal("hello\nnot http at all\n\n", (await sandbox.RunAsync(Program)).Output);
    }

    [Fact]
    public async Task Programs_AllowedNetwork_SpeakAnyProtocol()
    {
        await using var sandbox = await AcquireAsync(
            SandboxProfile.Strict, new EgressPolicy { AllowedNetworks = [new NetworkRule(IPNetwork.Parse("93.184.215.0/24"), PortSet.Only(5432))] });

        var allowed = await sandbox.RunAsync("python3 -c \"import socket; print(socket.create_connection(('93.184.215.14', 5432)).recv(6))\"");
        var otherPort = await sandbox.RunAsync("python3 -c \"import socket; print(socket.create_connection(('93.184.215.14', 5433)).recv(6))\"");

        Assert.Equal("b'hello\\n'\n", allowed.Output);
        Assert.NotEqual(0, otherPort.ExitCode);
        Assert.Equal("93.184.215.14:5432", Assert.Single(_internet.Dialed).ToString());
    }

    [Fact]
    public async Task SetEgress_RunningSandbox_HoldsAtOnceAndCutsWhatIsOpen()
    {
        await using var sandbox = await AcquireAsync(
            SandboxProfile.Strict, new EgressPolicy { AllowedNetworks = [new NetworkRule(IPNetwork.Parse("93.184.215.0/24"), PortSet.AllButMail)] });
        await using var process = await sandbox.StartAsync("python3 -u -c \"import socket; s = socket.create_connection(('93.184.215.14', 7)); print(s.recv(6)); print(s.recv(6))\"");
        await using var output = process.ReadAllAsync(Token).GetAsyncEnumerator(Token);
        var text = "";
        while (!text.Contains("hello", StringComparison.Ordinal) && await output.MoveNextAsync())
            if (output.Current is ProcessChunk chunk) text += System.Text.Encoding.UTF8.GetString(chunk.Bytes.Span);

        sandbox.SetEgress(EgressPolicy.DenyAll);
        while (await output.MoveNextAsync())
            if (output.Current is ProcessChunk chunk) text += System.Text.Encoding.UTF8.GetString(chunk.Bytes.Span);

        Assert.Contains("ConnectionResetError", text, StringComparison.Ordinal);
        Assert.NotEqual(0, (await sandbox.RunAsync(Curl + "http://93.184.215.14:7/")).ExitCode);
    }

    [Fact]
    public async Task Pool_SandboxThatWaited_GetsThePolicyItIsTakenWith()
    {
        using var internet = new FakeInternet();
        await using var fixture = await EngineFixture.StartAsync(
            options => options.Pools = [new PoolOptions("base", SandboxProfile.Strict, 1)], parts => parts with { Egress = internet.Parts });
        while (fixture.Engine.Pooled == 0) await Task.Delay(10, Token);

        await using var sandbox = await fixture.Engine.AcquireAsync(new SandboxSpec { Egress = FakeInternet.ExamplePolicy }, Token);

        Assert.Equal("answer from 93.184.215.14:80\n", (await sandbox.RunAsync(Curl + "http://example.com/")).Output);
    }

    [Fact]
    public async Task Loopback_OfTheSandbox_StaysItsOwn()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Workspace, EgressPolicy.DenyAll);
        const string Program = """
            python3 - <<'P'
            import socket
            server = socket.socket(); server.bind(('0.0.0.0', 8000)); server.listen()
            client = socket.create_connection(('127.0.0.1', 8000)); near, _ = server.accept()
            near.sendall(b'mine'); print(client.recv(9))
            for port in (53, 3127, 3128):
                try: socket.socket().bind(('127.0.0.1', port)); print('taken over')
                except OSError as e: print(e.errno)
            P
            """;

        var result = await sandbox.RunAsync(Program);

        // EACCES below 1024, EADDRINUSE above.
        Assert.Equal("b'mine'\n13\n98\n98\n", result.Output);
    }

    private Task<ISandbox> AcquireAsync(SandboxProfile profile, EgressPolicy policy) =>
        _fixture.Engine.AcquireAsync(new SandboxSpec { Profile = profile, Egress = policy }, Token);
}
