using MonkeyCoder.Security.Tests.Inside;

namespace MonkeyCoder.Security.Tests.Internet;

/// <summary>What is allowed is reached, so that what is not reached beside it was refused and not broken.</summary>
[Collection(InternetCollection.Name)]
[Trait("Needs", "root")]
public sealed class AllowedDestinationsTests(InternetNode node)
{
    private const string Curl = "curl -sS -m 10 ";
    private const string Trusting = Curl + "--cacert authority.pem ";
    private const string Example = "This is example.com at " + FakeInternet.ExampleAddress + " port ";
    private const string Mirror = "This is files.pypi.org at " + FakeInternet.MirrorAddress + " port ";

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("python3 -c 'import socket; print(socket.gethostbyname(\"example.com\"))'", FakeInternet.ExampleAddress)]
    [InlineData(Curl + "http://example.com/", Example + "80.")]
    [InlineData(Curl + "http://files.pypi.org/", Mirror + "80.")]
    [InlineData(Trusting + "https://example.com/", Example + "443.")]
    [InlineData(Trusting + "https://files.pypi.org/", Mirror + "443.")]
    [InlineData(Curl + "-x http://127.0.0.1:3128 http://example.com/", Example + "80.")]
    [InlineData(Trusting + "-x http://127.0.0.1:3128 https://files.pypi.org/", Mirror + "443.")]
    [InlineData(Trusting + "-x socks5h://127.0.0.1:3128 https://example.com/", Example + "443.")]
    [InlineData(Curl + "-L 'http://example.com/redir?code=302&to=http%3A%2F%2Ffiles.pypi.org%2F'", Mirror + "80.")]
    public async Task Program_ToAnAllowedName_ReachesIt(string command, string answer)
    {
        await using var sandbox = await StrictSandbox.CreateAsync(node.Node, Token);
        await sandbox.Remote.WriteTextAsync("authority.pem", await File.ReadAllTextAsync(node.Internet.AuthorityFile, Token), Token);

        var outcome = await node.AssertNothingElseIsReachedAsync(() => sandbox.RunAsync(command, Time, Token));

        Assert.Equal((answer + "\n", null, ""), (outcome.Stdout, outcome.End, outcome.Stderr));
    }

    /// <summary>A name with a fortieth special address: the answer does not fit a datagram, and is refused all the same.</summary>
    [Fact]
    public async Task Program_ToANameWithOneSpecialAddressAmongMany_IsRefused()
    {
        await using var sandbox = await StrictSandbox.CreateAsync(node.Node, Token);

        var outcome = await node.AssertNothingElseIsReachedAsync(
            () => sandbox.RunAsync(Curl + "-o /dev/null -w '%{http_code}' -x http://127.0.0.1:3128 http://fastflux.pypi.org/", Time, Token));

        Assert.Equal("403", outcome.Stdout);
    }

    [Fact]
    public async Task Headers_OfARule_ReachItsHostOverTlsAndNothingElse()
    {
        const string Scenario = """
            c -X PUT -H "X-API-Key: $KEY_A" -H 'Content-Type: application/json' -d '{"allowOut":["example.com","*.pypi.org"],"denyOut":["0.0.0.0/0"],
              "rules":{"example.com":[{"transform":{"headers":{"X-Injected":"by-the-node"}}}]}}' "$API/sandboxes/$SBX_A/network"
            echo
            try() { echo "$1 $(sbx_exec A "curl -sS -m 10 $2" | grep -c by-the-node)"; }
            try tls https://example.com/echo
            try plain http://example.com/echo
            try redirected '-kL "https://example.com/redir?code=302&to=https%3A%2F%2Ffiles.pypi.org%2Fecho"'
            try other '-k https://files.pypi.org/echo'
            try variables '-o /dev/null http://example.com/; env'
            """;

        var outcome = await node.AssertNothingElseIsReachedAsync(() => node.RunAsync(Scenario, 2 * Time));

        Assert.Equal("204\ntls 1\nplain 0\nredirected 0\nother 0\nvariables 0\n", outcome.Stdout);
    }

    /// <summary>The traps that all cases are about work, from where the node would have to step into them.</summary>
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:18081")]
    [InlineData("169.254.169.254")]
    [InlineData("10.0.0.5")]
    [InlineData("1.1.1.1")]
    [InlineData(FakeInternet.AttackerAddress)]
    public async Task Canary_FromWhereTheNodeIs_IsReached(string address) =>
        Assert.Equal("CANARY-0123456789abcdef0123456789abcdef", await node.Internet.RunBesideTheNodeAsync("curl", "-sS", "-m", "10", $"http://{address}/"));
}
