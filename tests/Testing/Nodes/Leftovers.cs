using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace MonkeyCoder.Testing.Nodes;

/// <summary>
/// Everything a node can leave on its machine, found by looking at the machine and not by asking the node: processes,
/// control groups, mounts, sockets, claims of uid ranges, records, pieces of the store and loop devices.
/// </summary>
internal sealed class Leftovers(string stateDirectory)
{
    private readonly string _instance = InstanceOf(stateDirectory);

    /// <summary>8 hex digits that stand for the state directory.</summary>
    public static string InstanceOf(string stateDirectory) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(stateDirectory)))[..8];

    /// <summary>What is there, without what belongs to the sandboxes of <paramref name="alive"/>.</summary>
    /// <param name="serviceRuns">A running service has its store mounted.</param>
    /// <param name="alive">Ids of live sandboxes, those of the pool included.</param>
    public IReadOnlyList<string> List(bool serviceRuns, IReadOnlyCollection<string>? alive = null)
    {
        var found = new List<string>();
        found.AddRange(Processes().Select(process => $"process {process}"));
        found.AddRange(Groups().Select(group => $"cgroup {group}"));
        found.AddRange(Mounts(serviceRuns).Select(mount => $"mount {mount}"));
        found.AddRange(Names($"/run/monkeycoder/{_instance}").Where(name => name is not ("runc" or "layers")).Select(name => $"run directory {name}"));
        found.AddRange(Names($"/run/monkeycoder/{_instance}/runc").Select(name => $"runtime state {name}"));
        found.AddRange(Names(Path.Combine(stateDirectory, "sandboxes")).Select(name => $"record {name}"));
        found.AddRange(Names(Path.Combine(stateDirectory, "store")).Where(name => name.StartsWith('i') || (!serviceRuns && name.StartsWith("spare-", StringComparison.Ordinal))).Select(name => $"subvolume {name}"));
        found.AddRange(Claims().Select(claim => $"uid claim {claim}"));
        if (!serviceRuns) found.AddRange(LoopDevices().Select(device => $"loop device {device}"));
        // What a running service forks kernels from is not left, but at work.
        if (serviceRuns) found.RemoveAll(static thing => thing.Contains("/zygote-", StringComparison.Ordinal));
        return [.. found.Where(thing => alive is null || !alive.Any(id => thing.Contains(id, StringComparison.Ordinal)))];
    }

    /// <summary>What is left of a node that has stopped, once the machine's kernel has had time to let go of loop devices.</summary>
    public async Task<IReadOnlyList<string>> ListSettledAsync(TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        using var period = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (List(serviceRuns: false) is { Count: > 0 } left)
        {
            if (limit.IsCancellationRequested) return left;
            await period.WaitForNextTickAsync(CancellationToken.None);
        }

        return [];
    }

    /// <summary>Ids with a control group: the sandboxes that are alive, pooled ones included.</summary>
    public IReadOnlyList<string> SandboxIds() =>
        [.. Groups().Select(static group => Path.GetFileName(group)).Where(static name => !name.StartsWith("zygote-", StringComparison.Ordinal)).Distinct()];

    /// <summary>
    /// Network namespaces that the service's sockets keep although no process of a sandbox is in them. A namespace lives
    /// as long as a process or a socket is in it; when the service is gone, only processes are left to keep one.
    /// </summary>
    /// <param name="service">Pid of the running service.</param>
    public IReadOnlyList<string> StrayNetworkNamespaces(int service)
    {
        var start = new ProcessStartInfo("python3", [Path.Combine(Repository.Root, "tests/Testing/Nodes/held_network_namespaces.py"), $"{service}"])
        {
            RedirectStandardOutput = true,
        };
        using var reader = Process.Start(start)!;
        var held = reader.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        reader.WaitForExit();
        var used = Processes().Select(process => process.Split(' ')[0]).Append($"{service}").Select(NetworkOf).ToHashSet();
        // The host's own is always among them: nothing at all means that nothing was read.
        return held.Length == 0 ? ["nothing could be read"] : [.. held.Where(inode => !used.Contains(inode))];
    }

    private static string NetworkOf(string pid)
    {
        try
        {
            // net:[INODE], namespaces(7)
            return new FileInfo($"/proc/{pid}/ns/net").LinkTarget?.Split('[', ']')[1] ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }

    private IEnumerable<string> Groups() =>
        Directory.EnumerateDirectories("/sys/fs/cgroup")
            .Append("/sys/fs/cgroup")
            .Select(hierarchy => Path.Combine(hierarchy, "monkeycoder", _instance))
            .Where(Directory.Exists)
            .SelectMany(parent => Directory.EnumerateDirectories(parent));

    private IEnumerable<string> Processes()
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            var groups = Read(Path.Combine(directory, "cgroup"));
            if (groups.Contains($"/monkeycoder/{_instance}/", StringComparison.Ordinal))
                yield return $"{Path.GetFileName(directory)} {groups.Split('\n').First(line => line.Contains(_instance, StringComparison.Ordinal))}";
            else if (Root(directory).StartsWith(stateDirectory + "/", StringComparison.Ordinal))
                yield return $"{Path.GetFileName(directory)} in {Root(directory)}";
        }
    }

    private IEnumerable<string> Mounts(bool serviceRuns) =>
        File.ReadLines("/proc/self/mountinfo")
            .Select(line => line.Split(' ')[4])
            .Where(point => point.StartsWith(stateDirectory + "/", StringComparison.Ordinal))
            .Where(point => !serviceRuns || point != Path.Combine(stateDirectory, "store"));

    private IEnumerable<string> Claims() =>
        Directory.Exists("/run/monkeycoder/uid-slots")
            ? Directory.EnumerateFiles("/run/monkeycoder/uid-slots")
                .Select(file => (Name: Path.GetFileName(file), Lines: Read(file).Split('\n')))
                .Where(claim => claim.Lines is [var state, ..] && state == stateDirectory)
                .Select(claim => $"{claim.Name} of {claim.Lines[1]}")
            : [];

    private IEnumerable<string> LoopDevices() =>
        Directory.EnumerateDirectories("/sys/block", "loop*")
            .Select(device => Path.Combine(device, "loop/backing_file"))
            .Where(file => Read(file).StartsWith(stateDirectory + "/", StringComparison.Ordinal));

    private static IEnumerable<string> Names(string directory) =>
        Directory.Exists(directory) ? Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)!) : [];

    private static string Root(string directory)
    {
        try
        {
            return new FileInfo(directory + "/root").LinkTarget ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }

    // What ends while it is looked at has left nothing.
    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
