using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Peers;

/// <summary>docker run of the template's own root filesystem, on an engine of the bench's own.</summary>
internal sealed class DockerPeer(string? rootPath) : IBenchmark
{
    public string Name => "docker-run";

    public string Description => "docker run --rm of the same root filesystem, python3 -c 'print(1)'";

    public int DefaultCount => 30;

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => Task.FromResult(
        !Command.Exists("dockerd") || !Command.Exists("docker") ? "Docker Engine is not installed (--install-peers does it)"
        : rootPath is null ? "the base template is not built (monkey templates build base)"
        : null);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var engine = await DockerEngine.StartAsync(cancellationToken);
        await engine.ImportAsync(rootPath!, "monkeycoder-bench", cancellationToken);
        string[] arguments = [.. engine.Client, "run", "--rm", "--network", "none", "monkeycoder-bench", "/usr/bin/python3", "-c", "print(1)"];
        await Command.RunAsync("docker", arguments, cancellationToken);
        for (var index = 0; index < count; index++) yield return await Command.TimeAsync("docker", arguments, cancellationToken);
    }
}
