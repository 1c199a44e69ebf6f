using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Hosting;
using MonkeyCoder.Sandbox.Security;
using MonkeyCoder.Sandbox.Tests.Hosting;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Security;

public sealed class RouteInventoryTests
{
    // Open to everybody on purpose.
    private static readonly string[] Open = ["/health", "/healthz", "/metrics", "/sandbox/health"];

    [Fact]
    public async Task Routes_EveryOne_SaysWhoMayCall()
    {
        await using var app = SandboxHost.Build(
            ["--Security:TokenSecret=" + NodeFixture.Secret], services => services.AddSingleton<ISandboxEngine>(new FakeSandboxEngine()));
        var routes = ((IEndpointRouteBuilder)app).DataSources
            .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(endpoint => (Path: endpoint.RoutePattern.RawText!, Access: endpoint.Metadata.GetMetadata<AccessRule>(), endpoint.Metadata))
            .ToArray();

        Assert.NotEmpty(routes);
        Assert.All(routes, route => Assert.True(route.Access is not null, $"{route.Path} says nothing about access"));
        // The E2B API checks keys in a filter of its group, so that its refusals have its form.
        var open = routes.Where(route => route.Access!.IsOpen && !route.Metadata.OfType<Microsoft.AspNetCore.Http.Metadata.ITagsMetadata>()
            .Any(tags => tags.Tags.Contains("E2B"))).Select(route => route.Path);
        Assert.Equal(Open, open.Distinct().Order(StringComparer.Ordinal));
    }
}
