using System.Globalization;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>
/// Everything the kernel says about the confinement of a process, read from outside, as text. What differs from run to run is
/// put in terms of the sandbox: ids as they are inside, its own name as <c>ID</c>.
/// </summary>
internal static class Posture
{
    private static readonly string[] StatusKeys =
        ["Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "Seccomp_filters"];

    /// <summary>The lines about one process of a sandbox.</summary>
    public static string Read(int pid, SandboxId id, uint firstHostId)
    {
        var lines = new List<string>();
        lines.AddRange(Status(pid, firstHostId));
        lines.Add("oom_score_adj " + File.ReadAllText($"/proc/{pid}/oom_score_adj").Trim());
        lines.AddRange(Namespaces(pid));
        lines.AddRange(File.ReadLines($"/proc/{pid}/limits").Skip(1).Select(line => "limit " + string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
        lines.AddRange(Mounts(pid, id, firstHostId));
        lines.AddRange(Descriptors(pid));
        lines.Add("cgroups " + Groups(pid, id));
        return string.Join('\n', lines) + "\n";
    }

    /// <summary>Host pid of a process known by its pid inside.</summary>
    public static int HostPid(EnginePaths paths, SandboxId id, int inside) => CgroupTree.Detect().Processes(paths.Cgroup(id)).Single(pid =>
        File.ReadLines($"/proc/{pid}/status").Single(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).Split('\t')[^1] == inside.ToString(CultureInfo.InvariantCulture));

    /// <summary>Waits until the process is in clock_nanosleep(2): before, bash or the loader may still have files open.</summary>
    public static async Task AwaitSleepAsync(int pid, CancellationToken cancellationToken)
    {
        const string ClockNanosleep = "230 ";
        while (!File.ReadAllText($"/proc/{pid}/syscall").StartsWith(ClockNanosleep, StringComparison.Ordinal))
            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellationToken);
    }

    private static IEnumerable<string> Status(int pid, uint first)
    {
        var fields = File.ReadLines($"/proc/{pid}/status").Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim());
        foreach (var key in StatusKeys)
        {
            var value = fields[key];
            if (key is "Uid" or "Gid" or "Groups")
                value = string.Join(' ', value.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(host => uint.Parse(host, CultureInfo.InvariantCulture) - first));
            yield return $"{key} {value}".TrimEnd();
        }
    }

    private static IEnumerable<string> Namespaces(int pid) => Directory.EnumerateFileSystemEntries($"/proc/{pid}/ns")
        .Select(path => Path.GetFileName(path)).Where(name => !name.EndsWith("_for_children", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        .Select(name => $"namespace {name} {(Link($"/proc/{pid}/ns/{name}") == Link($"/proc/self/ns/{name}") ? "of the host" : "own")}");

    private static IEnumerable<string> Mounts(int pid, SandboxId id, uint first)
    {
        foreach (var mount in MountTable.Parse(File.ReadLines($"/proc/{pid}/mountinfo")).OrderBy(mount => mount.MountPoint, StringComparer.Ordinal))
        {
            // Which masks there are depends on the kernel; PostureTests compares them with what there is to mask.
            if (OciDefaults.MaskedPaths.Contains(mount.MountPoint)) continue;
            var options = mount.FileSystem is "btrfs" or "devtmpfs" ? "" : string.Join(',', mount.SuperOptions.Split(',').Where(option => !option.Contains("dir=/proc", StringComparison.Ordinal)));
            yield return $"mount {mount.MountPoint} {mount.FileSystem} {mount.Options} {options}".TrimEnd()
                .Replace(id.Value, "ID", StringComparison.Ordinal)
                .Replace($"id={first + 5}", "id=5", StringComparison.Ordinal)
                .Replace($"id={first}", "id=0", StringComparison.Ordinal)
                + (mount.Shared ? " SHARED" : "");
        }
    }

    private static IEnumerable<string> Descriptors(int pid) => Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd")
        .Select(path => (Number: int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture), Target: Link(path))).OrderBy(fd => fd.Number)
        .Select(fd => $"fd {(fd.Number < 4 ? fd.Number : "n")} {fd.Target.Split(":[")[0]}").Distinct()
        // Connections of the host, which come and go.
        .Where(line => line != "fd n socket");

    /// <summary>Whether it is in its own group wherever sandboxes have limits.</summary>
    private static string Groups(int pid, SandboxId id)
    {
        string[] limited = ["memory", "cpu", "cpuacct", "pids", "freezer", "devices"];
        var lines = File.ReadAllLines($"/proc/{pid}/cgroup").Select(static line => line.Split(':', 3)).ToArray();
        var unified = lines.All(static line => line[1].Length == 0);
        var outside = lines.Where(line => (unified || line[1].Split(',').Any(limited.Contains)) && !line[2].EndsWith("/" + id.Value, StringComparison.Ordinal));
        return outside.Any() ? string.Join(' ', outside.Select(static line => string.Join(':', line))) : "all ID";
    }

    private static string Link(string path) => new FileInfo(path).LinkTarget ?? "";
}
