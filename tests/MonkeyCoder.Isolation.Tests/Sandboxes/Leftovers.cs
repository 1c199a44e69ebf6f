using System.Diagnostics;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>Looks for everything that an engine could leave on the machine, without asking the engine.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Waits for what the kernel frees in its own time (namespaces of the dead, and what they hold), and for nothing longer.</summary>
    public static async Task AssertNoneAsync(EnginePaths paths, bool running = false)
    {
        var clock = Stopwatch.StartNew();
        IReadOnlyList<string> left;
        while ((left = Find(paths, running)).Count > 0 && clock.Elapsed < Deadline) await Task.Delay(10, CancellationToken.None);
        Assert.True(left.Count == 0, "Left behind: " + string.Join("; ", left));
    }

    /// <summary>One line for each thing; of a running engine the store, the pieces kept in it, the directories and the zygotes are no leftovers.</summary>
    public static IReadOnlyList<string> Find(EnginePaths paths, bool running)
    {
        var left = new List<string>();
        var cgroups = CgroupTree.Detect();
        left.AddRange(cgroups.Children(paths.CgroupParent).Where(group => !running || !group.StartsWith(EnginePaths.ZygotePrefix, StringComparison.Ordinal)).Select(group => "cgroup " + group));
        left.AddRange(MountTable.Below(paths.StateDirectory).Concat(MountTable.Below(paths.RunDirectory))
            .Where(mount => !running || mount.FileSystem != "btrfs").Select(mount => "mount " + mount.MountPoint));
        left.AddRange(Processes(paths, running));
        left.AddRange(Files(paths.SandboxesDirectory));
        left.AddRange(Files(paths.RuntimeRoot));
        left.AddRange(Files(Path.Combine(paths.StateDirectory, "store")).Where(path => !running || !SparePieces.IsSpare(Path.GetFileName(path))));
        left.AddRange(Files(paths.RunDirectory).Where(path => path != paths.RuntimeRoot));
        left.AddRange(new UidSlots(paths).Mine().Select(claim => "uid range of " + claim.Owner));
        if (running) return left;
        if (cgroups.Children(EnginePaths.CgroupRoot).Contains(paths.Instance)) left.Add("cgroup of the instance");
        left.AddRange(LoopDevices(paths));
        if (Directory.Exists(paths.RunDirectory)) left.Add(paths.RunDirectory);
        return left;
    }

    /// <summary>Processes in a group of the instance, or with a root of its own below the state directory.</summary>
    private static IEnumerable<string> Processes(EnginePaths paths, bool running)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            string groups;
            string root;
            try
            {
                groups = File.ReadAllText(directory + "/cgroup");
                root = new FileInfo(directory + "/root").LinkTarget ?? "";
            }
            catch (IOException)
            {
                continue;
            }

            if (running && groups.Contains($"{paths.CgroupParent}/{EnginePaths.ZygotePrefix}", StringComparison.Ordinal)) continue;
            if (groups.Contains(paths.CgroupParent + "/", StringComparison.Ordinal) || root.StartsWith(paths.StateDirectory + "/", StringComparison.Ordinal))
                yield return $"process {Path.GetFileName(directory)}";
        }
    }

    private static IEnumerable<string> LoopDevices(EnginePaths paths) => Directory.EnumerateDirectories("/sys/block", "loop*").Select(device => device + "/loop/backing_file").Where(File.Exists)
            .Where(file => File.ReadAllText(file).StartsWith(paths.StateDirectory + "/", StringComparison.Ordinal)).Select(file => "loop device " + file);

    private static IEnumerable<string> Files(string directory) =>
        Directory.Exists(directory) ? Directory.EnumerateFileSystemEntries(directory) : [];
}
