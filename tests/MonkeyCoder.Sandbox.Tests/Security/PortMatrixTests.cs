using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MonkeyCoder.Sandbox.E2b.CodeInterpreter;
using MonkeyCoder.Sandbox.E2b.Envd;
using MonkeyCoder.Sandbox.E2b.Routing;
using MonkeyCoder.Sandbox.Tests.E2b;

namespace MonkeyCoder.Sandbox.Tests.Security;

/// <summary>
/// Walks everything that is answered on the ports of a sandbox, processes and files, code interpreter and any other port,
/// with every role. What is to be expected follows from the route's <see cref="PortAccess"/>.
/// </summary>
public sealed class PortMatrixTests : IAsyncLifetime
{
    private const int EnvdPort = 49983;
    private const int CodePort = 49999;
    private const int OwnPort = 8080;

    private MatrixNode _matrix = null!;

    public async ValueTask InitializeAsync() => _matrix = await MatrixNode.StartAsync();

    public ValueTask DisposeAsync() => _matrix.DisposeAsync();

    [Fact]
    public async Task Ports_ForWhoLacksTheAccessToken_AreClosedUnlessSaidToBeOpen()
    {
        var sandbox = await _matrix.CreateAsync(_matrix.OwnerKey);
        var foreign = await _matrix.CreateAsync(_matrix.OtherKey);
        foreach (var (port, route) in Routes())
        {
            foreach (var (name, show) in Intruders(foreign))
            {
                var (status, _) = await AskAsync(port, route, sandbox.Id, show);
                var isClosed = status == 401;
                Assert.True(
                    isClosed == (route.Access != PortAccess.Everybody), $"{route.Method} {port}{route.Path} answers {status} to {name}");
            }
        }
    }

    [Fact]
    public async Task Ports_OfASandboxThatIsGoneOrNeverWas_LookTheSame()
    {
        var sandbox = await _matrix.CreateAsync(_matrix.OwnerKey);
        await KillAsync(sandbox);
        foreach (var (port, route) in Routes().Append((OwnPort, new PortRoute("GET", "/", PortAccess.Everybody, static (_, _, _) => Task.CompletedTask))))
        {
            var gone = await AskAsync(port, route, sandbox.Id, request => request.Headers.Add("X-Access-Token", sandbox.Token));
            var never = await AskAsync(port, route, "ixxxxxxxxxxxxxxxxxx0", request => request.Headers.Add("X-Access-Token", sandbox.Token));

            Assert.Equal(502, gone.Status);
            Assert.Equal(
                (never.Status, never.Body.Replace("ixxxxxxxxxxxxxxxxxx0", "ID", StringComparison.Ordinal)),
                (gone.Status, gone.Body.Replace(sandbox.Id, "ID", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Ports_ForTheOwner_AreOpen()
    {
        foreach (var (port, route) in Routes())
        {
            var sandbox = await _matrix.CreateAsync(_matrix.OwnerKey, closedPorts: true);
            var (status, body) = await AskAsync(port, route, sandbox.Id, request =>
            {
                request.Headers.Add("X-Access-Token", sandbox.Token);
                request.Headers.Add("E2b-Traffic-Access-Token", sandbox.TrafficToken);
            });

            Assert.True(status is not (401 or 403 or 502), $"{route.Method} {port}{route.Path} answers {status} to the owner: {body}");
        }
    }

    [Fact]
    public async Task ClosedPorts_ForWhoLacksTheTrafficToken_Are403()
    {
        var sandbox = await _matrix.CreateAsync(_matrix.OwnerKey, closedPorts: true);
        var foreign = await _matrix.CreateAsync(_matrix.OtherKey, closedPorts: true);
        var own = (OwnPort, new PortRoute("GET", "/", PortAccess.Everybody, static (_, _, _) => Task.CompletedTask));
        foreach (var (port, route) in Routes().Where(item => item.Port == CodePort).Append(own))
        {
            foreach (var (name, show) in Intruders(foreign))
            {
                var (status, _) = await AskAsync(port, route, sandbox.Id, show);
                Assert.True(status == 403, $"{route.Method} {port}{route.Path} answers {status} to {name}");
            }

            var withAccessToken = await AskAsync(port, route, sandbox.Id, request => request.Headers.Add("X-Access-Token", sandbox.Token));
            Assert.Equal(403, withAccessToken.Status);
        }
    }

    private IEnumerable<(int Port, PortRoute Route)> Routes()
    {
        var envd = _matrix.Node.Services.GetRequiredService<EnvdService>().Routes.All.ToList();
        var code = _matrix.Node.Services.GetRequiredService<CodeInterpreterService>().Routes.All.ToList();
        Assert.True(envd.Count >= 20 && code.Count >= 6, "The tables of routes are not those that are served.");
        return envd.Select(route => (EnvdPort, route)).Concat(code.Select(route => (CodePort, route)));
    }

    private IEnumerable<(string Name, Action<HttpRequestMessage> Show)> Intruders(Created foreign) =>
    [
        .. _matrix.Strangers,
        ("garbage access token", static request => request.Headers.Add("X-Access-Token", "garbage")),
        ("empty access token", static request => request.Headers.TryAddWithoutValidation("X-Access-Token", "")),
        ("another sandbox's tokens", request =>
        {
            request.Headers.Add("X-Access-Token", foreign.Token);
            request.Headers.Add("E2b-Traffic-Access-Token", foreign.TrafficToken ?? foreign.Token);
        }),
        ("the owner's key as token", request => request.Headers.Add("X-Access-Token", _matrix.OwnerKey)),
        ("the owner's key", request => request.Headers.Add("X-API-KEY", _matrix.OwnerKey)),
        ("another tenant's key", request => request.Headers.Add("X-API-KEY", _matrix.OtherKey)),
    ];

    private Task<(int Status, string Body)> AskAsync(int port, PortRoute route, string id, Action<HttpRequestMessage> show)
    {
        var method = new HttpMethod(route.Method ?? "GET");
        var request = E2bNode.To(
            new Created(id, null, null), port, method, route.Path.Replace("{id}", "x", StringComparison.Ordinal),
            method == HttpMethod.Post ? new StringContent("{}", Encoding.UTF8, "application/json") : null);
        show(request);
        return _matrix.SendAsync(request);
    }

    private async Task KillAsync(Created sandbox)
    {
        var request = new HttpRequestMessage(HttpMethod.Delete, $"/sandboxes/{sandbox.Id}");
        request.Headers.Add("X-API-KEY", _matrix.OwnerKey);
        Assert.Equal(204, (await _matrix.SendAsync(request)).Status);
    }
}
