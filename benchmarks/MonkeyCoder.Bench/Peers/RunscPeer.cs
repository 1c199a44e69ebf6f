using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Peers;

/// <summary>gVisor around the template's Python: a kernel of its own, no limits, no state.</summary>
internal sealed class RunscPeer(string? rootPath) : IBenchmark
{
    public string Name => "runsc-run";

    public string Description => "runsc run (ptrace) of the same root filesystem, python3 -c 'print(1)'";

    public int DefaultCount => 50;

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => Task.FromResult(
        !Command.Exists("runsc") ? "runsc is not installed (--install-peers does it)"
        : rootPath is null ? "the base template is not built (monkey templates build base)"
        : null);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("monkey-bench-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, "config.json"), Configure(rootPath!).ToJsonString(JsonSerializerOptions.Default), cancellationToken);
            string[] arguments =
            [
                "--root", Path.Combine(directory.FullName, "state"), "--platform", "ptrace", "--network", "none", "--ignore-cgroups",
                "run", "--bundle", directory.FullName, "bench",
            ];
            await Command.RunAsync("runsc", arguments, cancellationToken);
            for (var index = 0; index < count; index++) yield return await Command.TimeAsync("runsc", arguments, cancellationToken);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static JsonObject Configure(string rootPath) => new()
    {
        ["ociVersion"] = "1.0.2",
        ["process"] = new JsonObject
        {
            ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
            ["args"] = new JsonArray("/usr/bin/python3", "-c", "print(1)"),
            ["env"] = new JsonArray("PATH=/usr/local/bin:/usr/bin:/bin"),
            ["cwd"] = "/",
        },
        ["root"] = new JsonObject { ["path"] = rootPath, ["readonly"] = true },
        ["mounts"] = new JsonArray(Mount("/proc", "proc"), Mount("/dev", "tmpfs"), Mount("/tmp", "tmpfs")),
        ["linux"] = new JsonObject
        {
            ["namespaces"] = new JsonArray(Namespace("pid"), Namespace("mount"), Namespace("ipc"), Namespace("uts"), Namespace("network")),
        },
    };

    private static JsonObject Namespace(string type) => new() { ["type"] = type };

    private static JsonObject Mount(string destination, string type) => new() { ["destination"] = destination, ["type"] = type, ["source"] = type };
}
