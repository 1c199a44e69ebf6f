using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Bench.Peers;
using MonkeyCoder.Bench.Service;
using MonkeyCoder.Client;
using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Bench;

/// <summary>Everything that can be measured, in the order it is.</summary>
internal static class Benchmarks
{
    /// <param name="client">Talks to the service.</param>
    /// <param name="http">The same, for requests that the client has not.</param>
    /// <param name="crowd">Sandboxes that live beside others.</param>
    /// <param name="openedRange">What the service lets sandboxes reach besides public addresses; null: nothing.</param>
    public static IReadOnlyList<IBenchmark> Create(SandboxClient client, HttpClient http, Crowd crowd, string? openedRange)
    {
        var rootPath = FindRoot();
        return
        [
            .. ServiceBenchmarks.Create(client, http.BaseAddress!, crowd),
            new PolicyUpdate(client, http, openedRange == OutsideServer.Range, allows: true),
            new PolicyUpdate(client, http, openedRange == OutsideServer.Range, allows: false),
            new BubblewrapPeer(rootPath),
            new IpykernelPeer("start", "start a plain ipykernel until its first result is there", 20),
            new IpykernelPeer("round-trip", "run 1+1 in a live plain ipykernel", 500),
            new RunscPeer(rootPath),
            new DockerPeer(rootPath),
        ];
    }

    private static string? FindRoot()
    {
        var settings = Environment.GetEnvironmentVariable("MONKEY_CACHE_DIR") is { Length: > 0 } cache
            ? new TemplateSettings { CacheDirectory = cache }
            : new TemplateSettings();
        try
        {
            return TemplateCatalog.Open(settings).TryGetBuilt("base")?.RootPath;
        }
        catch (TemplateBuildException)
        {
            return null;
        }
    }
}
