using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Bench.Peers;
using MonkeyCoder.Bench.Service;
using MonkeyCoder.Client;
using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Bench;

/// <summary>Everything that can be measured, in the order it is.</summary>
internal static class Benchmarks
{
    public static IReadOnlyList<IBenchmark> Create(SandboxClient client, Uri address)
    {
        var rootPath = FindRoot();
        return
        [
            .. ServiceBenchmarks.Create(client, address),
            new BubblewrapPeer(rootPath),
            new IpykernelPeer("start", "start a plain ipykernel until its first result is there", 20),
            new IpykernelPeer("round-trip", "run 1+1 in a live plain ipykernel", 500),
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
