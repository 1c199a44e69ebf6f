using System.Text;
using Microsoft.AspNetCore.Routing;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Security;
using MonkeyCoder.Sandbox.Tests.Hosting;

namespace MonkeyCoder.Sandbox.Tests.Security;

/// <summary>
/// Walks every route of the node with every role. What is to be expected follows from the route's metadata; a route that
/// cannot be asked sensibly by itself needs a row below, and the test fails without one.
/// </summary>
public sealed class RouteMatrixTests : IAsyncLifetime
{
    // An id that a sandbox could have.
    private const string NoSandbox = "ixxxxxxxxxxxxxxxxxx0";

    // Routes whose pattern does not name a sandbox: how they are asked, {0} standing for a sandbox's id, and whether that
    // id must then be unknown to other tenants (404), or only never shown to them.
    private static readonly Dictionary<string, Row> Rows = new()
    {
        ["Execute"] = new(Body: """{"code":"1","sandbox_id":"{0}"}"""),
        ["Cleanup"] = new(Body: """{"sandbox_id":"{0}"}"""),
        ["NodeMetrics"] = new(NamesSandbox: false),
        ["E2bCreateSandbox"] = new(Body: """{"templateID":"base"}""", NamesSandbox: false),
        ["E2bCreateSandboxV1"] = new(Body: """{"templateID":"base"}""", NamesSandbox: false),
        ["E2bListSandboxes"] = new(NamesSandbox: false),
        ["E2bListSandboxesV1"] = new(NamesSandbox: false),
        ["E2bSandboxesMetrics"] = new(Query: "?sandbox_ids={0}", NamesSandbox: false),
        ["E2bListTemplates"] = new(NamesSandbox: false),
        ["E2bTemplateAlias"] = new(NamesSandbox: false),
    };

    private MatrixNode _matrix = null!;

    public async ValueTask InitializeAsync() => _matrix = await MatrixNode.StartAsync();

    public ValueTask DisposeAsync() => _matrix.DisposeAsync();

    [Fact]
    public async Task Routes_ForStrangers_AreClosedUnlessSaidToBeOpen()
    {
        var sandbox = await _matrix.CreateAsync(_matrix.OwnerKey);
        foreach (var route in Routes())
        {
            foreach (var (name, show) in _matrix.Strangers)
            {
                var (status, body) = await AskAsync(route, sandbox.Id, show);
                if (route.Access.IsOpen) Assert.True(status is not (401 or 403), $"{route} is open, and answers {status} to {name}");
                else Assert.True(status == 401, $"{route} answers {status} to {name}");
                Assert.DoesNotContain(sandbox.Id, body, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Routes_ForATokenOfAnotherScope_AreForbidden()
    {
        var sandbox = await _matrix.CreateAsync(_matrix.OwnerKey);
        foreach (var route in Routes().Where(route => !route.Access.IsOpen))
        {
            var token = NodeFixture.Token("e1", "a", [.. SandboxTokens.AllScopes.Where(scope => scope != route.Access.Scope)]);
            var (status, _) = await AskAsync(route, sandbox.Id, request => MatrixNode.Bearer(request, token));

            Assert.True(status == 403, $"{route} answers {status} to a token without {route.Access.Scope}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Routes_ForAnotherTenant_TreatASandboxAsOneThatDoesNotExist(bool paused)
    {
        var token = NodeFixture.Token("e1", "b");
        Action<HttpRequestMessage>[] others =
            [request => request.Headers.Add("X-API-KEY", _matrix.OtherKey), request => MatrixNode.Bearer(request, token)];
        var sandbox = await _matrix.CreateAsync(_matrix.OwnerKey);
        if (paused)
            Assert.Equal(204, (await _matrix.SendAsync(Keyed(HttpMethod.Post, $"/sandboxes/{sandbox.Id}/pause", _matrix.OwnerKey))).Status);
        foreach (var route in Routes().Where(route => !route.Access.IsOpen))
        {
            foreach (var other in others)
            {
                var real = await AskAsync(route, sandbox.Id, other);
                var none = await AskAsync(route, NoSandbox, other);

                if (route.Row.NamesSandbox) Assert.True(real.Status == 404, $"{route} answers {real.Status} to another tenant");
                if (!route.Row.NamesSandbox) Assert.DoesNotContain(sandbox.Id, real.Body, StringComparison.Ordinal);
                Assert.True(real.Status == none.Status, $"{route} tells a foreign sandbox ({real.Status}) from none ({none.Status})");
                if (route.Row.NamesSandbox)
                    Assert.Equal(WithoutTrace(none.Body, NoSandbox), WithoutTrace(real.Body, sandbox.Id));
            }
        }

        var (status, body) = await _matrix.SendAsync(Keyed(HttpMethod.Get, $"/sandboxes/{sandbox.Id}", _matrix.OwnerKey));
        Assert.Equal(200, status);
        Assert.Contains(paused ? "\"paused\"" : "\"running\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Routes_ForTheOwner_AreOpen()
    {
        var token = NodeFixture.Token("e1", "a");
        Action<HttpRequestMessage>[] owners =
            [request => request.Headers.Add("X-API-KEY", _matrix.OwnerKey), request => MatrixNode.Bearer(request, token)];
        foreach (var route in Routes())
        {
            foreach (var owner in owners)
            {
                var sandbox = await _matrix.CreateAsync(_matrix.OwnerKey);
                var (status, body) = await AskAsync(route, sandbox.Id, owner);

                Assert.True(status is not (401 or 403 or 404 or 429), $"{route} answers {status} to the owner: {body}");
            }
        }
    }

    private IEnumerable<Route> Routes()
    {
        foreach (var endpoint in _matrix.Node.Endpoints)
        {
            var name = endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? "";
            var path = endpoint.RoutePattern.RawText!;
            var access = endpoint.Metadata.GetMetadata<AccessRule>();
            Assert.True(access is not null, $"{path} says nothing about access");
            var hasId = path.Contains("{id}", StringComparison.Ordinal);
            var row = Rows.GetValueOrDefault(name);
            Assert.True(hasId || access.IsOpen || row is not null, $"{name} ({path}) has no row in this test");
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"])
                yield return new Route(method, path, access, row ?? new Row(Body: """{"timeout":60,"duration":60}""", NamesSandbox: hasId));
        }
    }

    private Task<(int Status, string Body)> AskAsync(Route route, string id, Action<HttpRequestMessage> show)
    {
        var path = route.Path.Replace("{id}", id, StringComparison.Ordinal).Replace("{alias}", "base", StringComparison.Ordinal);
        var query = route.Row.Query?.Replace("{0}", id, StringComparison.Ordinal);
        var request = new HttpRequestMessage(new HttpMethod(route.Method), path + query);
        if (route.Row.Body is { } body && route.Method is not ("GET" or "HEAD"))
            request.Content = new StringContent(body.Replace("{0}", id, StringComparison.Ordinal), Encoding.UTF8, "application/json");
        show(request);
        return _matrix.SendAsync(request);
    }

    private static HttpRequestMessage Keyed(HttpMethod method, string path, string key)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Add("X-API-KEY", key);
        return request;
    }

    // Every problem has a trace id of its own.
    private static string WithoutTrace(string body, string id)
    {
        var trace = body.IndexOf("\"traceId\"", StringComparison.Ordinal);
        return (trace < 0 ? body : body[..trace]).Replace(id, "ID", StringComparison.Ordinal);
    }

    private sealed record Row(string? Body = null, string? Query = null, bool NamesSandbox = true);

    private sealed record Route(string Method, string Path, AccessRule Access, Row Row)
    {
        public override string ToString() => $"{Method} {Path}";
    }
}
