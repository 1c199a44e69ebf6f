using System.Net;
using System.Net.Sockets;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Tests.Egress;
using MonkeyCoder.Isolation.Tests.Sandboxes;
using MonkeyCoder.Isolation.Unprivileged;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Unprivileged;

/// <summary>What programs reach in sandboxes that share the node's network, with an internet that is fake.</summary>
[Trait("Needs", "root")]
public sealed class UnprivilegedNetworkTests : IAsyncLifetime
{
    private const string Curl = "curl -s -S -k --max-time 20 ";

    // The family and what a program sees of an error, for the programs below.
    private const string Prelude = """
        import ctypes, errno, os, socket, struct, sys, threading
        def tried(action):
            try: return action() or 'DONE'
            except OSError as e: return errno.errorcode.get(e.errno, str(e))

        """;

    private readonly FakeInternet _internet = new();
    private EngineFixture _fixture = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _fixture = await EngineFixture.StartAsync(
        static options => UnprivilegedFixture.Choose(options), parts => parts with { Egress = _internet.Parts });

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
        var python = await sandbox.RunAsync("python3 -c 'import requests; print(requests.get(\"http://example.com/e\").text, end=\"\")'");
        var node = await sandbox.RunAsync("node -e 'fetch(\"http://example.com/f\").then(r => r.text()).then(t => process.stdout.write(t))'");

        Assert.Equal("answer from 93.184.215.14:80\n", plain.Output + plain.Error);
        Assert.Equal("answer from 151.101.0.223:443\n", tls.Output + tls.Error);
        Assert.Equal("answer from 93.184.215.14:443\n", explicitly.Output + explicitly.Error);
        Assert.Equal("answer from 93.184.215.14:80\n", socks.Output + socks.Error);
        Assert.Equal("answer from 93.184.215.14:80\n", python.Output + python.Error);
        Assert.Equal("answer from 93.184.215.14:80\n", node.Output + node.Error);
        Assert.Empty(_internet.Refusals);
        Assert.True(sandbox.ReadUsage().NetworkBytes > 1000);
    }

    [Fact]
    public async Task Programs_WaitingAndNotWaiting_KeepWhatTheySetOnTheirSockets()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var result = await PythonAsync(sandbox, """
            import asyncio
            async def one(i):
                reader, writer = await asyncio.open_connection('example.com', 80)
                writer.write(b'GET /%d HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n' % i)
                return (await reader.read()).split()[1].decode()
            async def all(): return await asyncio.gather(*(one(i) for i in range(20)))
            print(sorted(set(asyncio.run(all()))))
            s = socket.socket()
            s.settimeout(10); s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1); s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            s.connect(('example.com', 80))
            print(s.gettimeout(), s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), os.get_inheritable(s.fileno()))
            """);

        Assert.Equal("['200']\n10.0 1 1 False\n", result.Output + result.Error);
    }

    [Fact]
    public async Task Programs_WhatThePolicyDoesNotAllow_IsRefusedAndReported()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var byName = await sandbox.RunAsync(Curl + "http://elsewhere.org/");
        var byAddress = await sandbox.RunAsync(Curl + "https://203.0.113.7/");
        var metadata = await sandbox.RunAsync(Curl + "http://169.254.169.254/latest/");

        Assert.Equal(6, byName.ExitCode);
        Assert.NotEqual(0, byAddress.ExitCode);
        Assert.NotEqual("answer", metadata.Output.Split(' ')[0]);
        Assert.Empty(_internet.Dialed);
        Assert.All(_internet.Refusals, refusal => Assert.Equal(sandbox.Id, refusal.Sandbox));
        Assert.Contains(_internet.Refusals, static refusal => refusal.Host == "elsewhere.org" && refusal.Reason == EgressReasons.NotAllowed);
        Assert.Contains(_internet.Refusals, static refusal => refusal.Address?.ToString() == "203.0.113.7" && refusal.Port == 443);
    }

    [Fact]
    public async Task Policy_OfARunningSandbox_HoldsAtOnce()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, EgressPolicy.DenyAll);
        Assert.NotEqual(0, (await sandbox.RunAsync(Curl + "http://example.com/")).ExitCode);

        sandbox.SetEgress(FakeInternet.ExamplePolicy);

        Assert.Equal("answer from 93.184.215.14:80\n", (await sandbox.RunAsync(Curl + "http://example.com/")).Output);
        sandbox.SetEgress(EgressPolicy.DenyAll);
        Assert.NotEqual(0, (await sandbox.RunAsync(Curl + "http://example.com/")).ExitCode);
    }

    [Fact]
    public async Task Sockets_OfOtherKinds_CannotBeMade()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var result = await PythonAsync(sandbox, """
            for family, kind, protocol in ((2, 2, 0), (2, 2, 17), (2, 3, 1), (2, 3, 255), (2, 1, 262), (2, 5, 132), (10, 1, 0), (10, 2, 0), (16, 3, 0), (17, 3, 0), (40, 1, 0), (43, 1, 0)):
                print(tried(lambda: socket.socket(family, kind, protocol).close()), end=' ')
            """);

        Assert.Equal(string.Concat(Enumerable.Repeat("EAFNOSUPPORT ", 12)), result.Output + result.Error);
    }

    [Fact]
    public async Task Sockets_OfThisMachine_ServeNobodyAndTakeNoOptionThatLeadsElsewhere()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var result = await PythonAsync(sandbox, """
            s = socket.socket()
            print('bind', tried(lambda: s.bind(('0.0.0.0', 0))), tried(lambda: s.bind(('127.0.0.1', 18765))))
            print('listen', tried(lambda: s.listen()), s.getsockname())
            s.setsockopt(1, 2, 1); s.setsockopt(1, 15, 1)
            print('reusing', tried(lambda: s.listen()), s.getsockname()[1])
            s = socket.create_connection(('example.com', 80))
            ctypes.CDLL(None).connect(s.fileno(), bytes(16), 16)
            print('disconnected', tried(lambda: s.getpeername()), tried(lambda: s.listen()))
            for level, name in ((0, 4), (0, 19), (0, 24), (0, 51), (1, 25), (1, 62), (6, 23), (6, 30), (6, 31), (6, 19)):
                print(tried(lambda: socket.socket().setsockopt(level, name, b'\x83\x07\x04\x08\x08\x08\x08\x00')), end=' ')
            print()
            call = ctypes.CDLL(None, use_errno=True).syscall
            call.argtypes = [ctypes.c_long] * 3 + [ctypes.c_ulong, ctypes.c_char_p, ctypes.c_long]
            def raw(name): return errno.errorcode[ctypes.get_errno()] if call(54, s.fileno(), 1, name, b'lo\0\0', 4) else 'DONE'
            print('high bits', raw(25), raw(1 << 32 | 25), raw(62), raw(1 << 32 | 62), raw(1 << 32 | 9))
            FASTOPEN = 0x20000000
            print('fastopen', tried(lambda: socket.socket().sendto(b'x', FASTOPEN, ('203.0.113.7', 80))),
                tried(lambda: socket.socket().sendmsg([b'x'], [], FASTOPEN, ('203.0.113.7', 80))), 'plain', tried(lambda: socket.socket().sendto(b'x', ('203.0.113.7', 80))))
            """);

        Assert.Equal("""
            bind EACCES EACCES
            listen EADDRINUSE ('127.0.0.1', 0)
            reusing EADDRINUSE 0
            disconnected ENOTCONN EADDRINUSE
            ENOPROTOOPT ENOPROTOOPT ENOPROTOOPT ENOPROTOOPT EPERM EPERM ENOPROTOOPT ENOPROTOOPT ENOPROTOOPT ENOPROTOOPT 
            high bits EPERM EPERM EPERM EPERM DONE
            fastopen ENOTSUP ENOTSUP plain EPIPE

            """, result.Output + result.Error);
    }

    [Fact]
    public async Task Listen_OfAsManyThreadsAndSocketsAsThereAre_TakesNoPortOfTheMachine()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var result = await PythonAsync(sandbox, """
            import time
            alone = {tried(lambda: socket.socket().listen()) for _ in range(300)}
            # While the gatekeeper connects a socket its port is chosen from the sandboxes' range.
            current, stop, listening = None, False, []
            def listen():
                while not stop:
                    s = current
                    try: s.listen()
                    except (OSError, AttributeError): pass
            threads = [threading.Thread(target=listen, daemon=True) for _ in range(4)]
            for t in threads: t.start()
            end = time.monotonic() + 4
            while time.monotonic() < end:
                current = s = socket.socket()
                tried(lambda: s.connect(('example.com', 80)))
                if s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN): listening.append(s)
                else: s.close()
            stop = True
            for t in threads: t.join()
            # For a moment every socket says that it listens, even where the call then fails.
            print(alone, [s.getsockname() for s in listening if s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)])
            """);

        Assert.Equal("{'EADDRINUSE'} []\n", result.Output + result.Error);
        await using var other = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);
        Assert.Equal("answer from 93.184.215.14:80\n", (await other.RunAsync(Curl + "http://example.com/")).Output);
    }

    [Fact]
    public async Task Connect_ByManySockets_ComesFromTheSandboxesPortsOnly()
    {
        var ports = LocalPorts.OfSandboxes();
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var result = await PythonAsync(sandbox, $"""
            address = socket.gethostbyname('example.com')
            used = [socket.create_connection((address, 80)) for _ in range(20)]
            print(all({ports.Lowest} <= s.getsockname()[1] <= {ports.Highest} for s in used), len(used))
            """);

        Assert.Equal("True 20\n", result.Output + result.Error);
    }

    [Fact]
    public async Task Connect_ToThisMachine_ReachesNothingOfIt()
    {
        using var service = NewSocket();
        service.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        service.Listen();
        var port = ((IPEndPoint)service.LocalEndPoint!).Port;
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, new EgressPolicy { AllowPublic = true, PublicPorts = [PortSet.AllButMail] });

        await sandbox.RunAsync(Curl + $"http://127.0.0.1:{port}/");

        Assert.False(service.Poll(0, SelectMode.SelectRead));
        Assert.Empty(_internet.Dialed);
        Assert.Contains(_internet.Refusals, refusal => refusal.Port == port);
    }

    [Fact]
    public async Task Connect_WhatThreadsChangeMeanwhile_NeverLeavesTheGateway()
    {
        // Where the kernel's own connect would arrive that a race lets through.
        using var trap = NewSocket();
        trap.Bind(new IPEndPoint(IPAddress.Any, 0));
        trap.Listen();
        var port = ((IPEndPoint)trap.LocalEndPoint!).Port;
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var result = await PythonAsync(sandbox, """
            import time
            libc = ctypes.CDLL(None, use_errno=True)
            inet = struct.pack('<H', 2) + struct.pack('>H', PORT) + socket.inet_aton('127.0.0.1') + bytes(8)
            unix = struct.pack('<H', 1) + b'/tmp/no-such-socket-at-all'
            none = bytes(16)
            buffer = ctypes.create_string_buffer(unix, 64)
            stop = False
            def swap():
                while not stop:
                    for value in (inet, unix, none): ctypes.memmove(buffer, value, len(value))
            def replace():
                spare = socket.socket(socket.AF_UNIX)
                while not stop:
                    made = socket.socket()
                    os.dup2(made.fileno(), 99); made.close(); os.dup2(spare.fileno(), 99)
            threads = [threading.Thread(target=f, daemon=True) for f in (swap, replace)]
            for t in threads: t.start()
            end = time.monotonic() + 4
            while time.monotonic() < end:
                libc.connect(99, buffer, 28)
                s = socket.socket()
                libc.connect(s.fileno(), buffer, 28)
                s.close()
            stop = True
            for t in threads: t.join()
            print('done')
            """.Replace("PORT", $"{port}", StringComparison.Ordinal));

        Assert.Equal("done\n", result.Output + result.Error);
        Assert.False(trap.Poll(0, SelectMode.SelectRead));
        Assert.Empty(_internet.Dialed);
    }

    [Fact]
    public async Task UnixSockets_OfTheSandbox_WorkAsBefore()
    {
        await using var sandbox = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var result = await PythonAsync(sandbox, """
            os.makedirs('/tmp/a-directory-with-a-long-name/x', exist_ok=True); os.chdir('/tmp/a-directory-with-a-long-name')
            for name in ('s', 'x/a-name-of-more-than-sixteen-bytes', '\0abstract-and-long-enough'):
                server = socket.socket(socket.AF_UNIX); server.bind(name); server.listen()
                client = socket.socket(socket.AF_UNIX); client.connect(name); client.send(b'hello')
                print(server.accept()[0].recv(5).decode(), end=' ')
            """);

        Assert.Equal("hello hello hello ", result.Output + result.Error);
    }

    [Fact]
    public async Task Gatekeeper_ThatIsKilled_LeavesNoWayOut()
    {
        await using var sandbox = (Sandbox)await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);

        var killed = sandbox.RunAsync($"kill -9 {sandbox.Process.Pid}; sleep 1000");

        Assert.Equal(SandboxExit.AgentDied, await sandbox.Exited.WaitAsync(TimeSpan.FromSeconds(60), Token));
        await sandbox.DisposeAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => killed);
        Assert.Empty(_internet.Dialed);
    }

    [Fact]
    public async Task Door_OfOneSandbox_IsClosedToAnotherAndToWhoeverLacksItsSecret()
    {
        await using var one = await AcquireAsync(SandboxProfile.Strict, FakeInternet.ExamplePolicy);
        await using var other = await AcquireAsync(SandboxProfile.Strict, EgressPolicy.DenyAll);
        var (port, secret) = DoorOf(one);

        var inside = await other.RunAsync($"curl -s --max-time 5 -H 'Host: example.com' http://127.0.0.1:{port}/");

        Assert.Equal("", inside.Output);
        Assert.DoesNotContain("answer", await TalkAsync(port, new byte[GatePreface.SecretBytes]), StringComparison.Ordinal);
        Assert.DoesNotContain("answer", await TalkAsync(port, DoorOf(other).Secret), StringComparison.Ordinal);
        Assert.Empty(_internet.Dialed);
        // Told after the connection has been closed.
        for (var look = 0; look < 500 && !_internet.Refusals.Any(IsOfThisDoor); look++) await Task.Delay(20, Token);
        Assert.Contains(_internet.Refusals, refusal => IsOfThisDoor(refusal));
        bool IsOfThisDoor(EgressRefusal refusal) => refusal.Sandbox == one.Id && refusal.Reason == EgressReasons.BadRequest;

        Assert.Contains("answer", await TalkAsync(port, secret), StringComparison.Ordinal);
    }

    private (int Port, byte[] Secret) DoorOf(ISandbox sandbox)
    {
        var reader = new WireReader(File.ReadAllBytes(Path.Combine(_fixture.Paths.BundleDirectory(sandbox.Id), ConfinedLauncher.PlanFile)));
        var plan = ConfinePlan.Read(ref reader);
        return (plan.GatePort, plan.GateSecret.ToArray());
    }

    private static async Task<string> TalkAsync(int port, byte[] secret)
    {
        using var socket = NewSocket();
        await socket.ConnectAsync(IPAddress.Loopback, port, Token);
        var preface = new byte[GatePreface.Bytes];
        GatePreface.Write(preface, [93, 184, 215, 14], 80, secret);
        await socket.SendAsync(preface, Token);
        await ProxyFixture.SendAsync(socket, "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n");
        return await ProxyFixture.ReadToEndAsync(socket);
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    private Task<ISandbox> AcquireAsync(SandboxProfile profile, EgressPolicy policy) => _fixture.Engine.AcquireAsync(
        new SandboxSpec { Template = "base", Profile = profile, Egress = policy }, Token);

    private static Task<CommandResult> PythonAsync(ISandbox sandbox, string program) =>
        sandbox.RunAsync($"cat > /tmp/program.py <<'END'\n{Prelude}{program}\nEND\npython3 /tmp/program.py");
}
