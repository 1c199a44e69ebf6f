using System.Globalization;
using System.Text.RegularExpressions;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>
/// Everything that the kernel tells of the first process of a sandbox, and what code inside finds, to compare two launchers: what one
/// of them leaves out shows, whether somebody thought of it or not. What differs from run to run is put in terms of the sandbox.
/// </summary>
internal static partial class WholePosture
{
    // Counters, addresses and numbers of the host.
    private static readonly string[] Volatile =
    [
        "Vm", "Rss", "Hugetlb", "voluntary_ctxt", "nonvoluntary_ctxt", "Tgid", "Ngid", "Pid", "PPid", "FDSize", "SigQ", "Threads",
        "SigPnd", "ShdPnd", "CoreDumping", "Kthread",
    ];

    private const string Inside = """
        for f in kernel/sem kernel/shmmax kernel/shmall kernel/msgmni fs/mqueue/queues_max net/ipv4/ping_group_range \
          net/ipv6/conf/all/disable_ipv6 net/ipv6/conf/default/disable_ipv6 user/max_inotify_instances user/max_user_namespaces kernel/hostname; do
          echo "$f $(cat /proc/sys/$f 2>&1)"; done
        for d in / /dev /dev/pts /dev/shm /dev/mqueue /tmp /sandbox/volumes /home; do find $d -maxdepth 1 -printf '%M %U %G %p -> %l\n' 2>&1 | sort; done
        stat -c '%n %A %u %g' / /dev /dev/shm /tmp /sandbox/volumes/*
        cat /proc/self/mountinfo | wc -l; umask; ulimit -a; id; env | sort; pwd
        mknod /tmp/n c 1 3 2>&1; mount -t tmpfs x /mnt 2>&1; unshare -U true 2>&1; unshare -n true 2>&1; keyctl show 2>&1
        cat /proc/kcore 2>&1 | wc -c; cat /proc/sysrq-trigger 2>&1; echo 1 2>&1 >/proc/sys/kernel/sem; ls /proc/sys/fs /proc/driver /proc/acpi 2>&1
        """;

    /// <summary>The lines, in an order of their own.</summary>
    public static async Task<IReadOnlyList<string>> ReadAsync(Sandbox sandbox)
    {
        var pid = sandbox.Process.Pid;
        var maps = File.ReadAllText($"/proc/{pid}/uid_map").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var first = uint.Parse(maps[1], CultureInfo.InvariantCulture);
        var lines = new List<string>();
        lines.AddRange(File.ReadLines($"/proc/{pid}/status").Where(line => !Volatile.Any(key => line.StartsWith(key, StringComparison.Ordinal))).Select(LastOfNamespaces));
        foreach (var file in new[] { "limits", "uid_map", "gid_map", "projid_map", "setgroups", "oom_score_adj", "environ", "cmdline", "loginuid", "sessionid", "coredump_filter", "timerslack_ns", "personality", "timens_offsets" })
            lines.Add($"{file}: {TryRead($"/proc/{pid}/{file}").Replace('\0', ' ')}");
        foreach (var file in Directory.EnumerateFiles($"/proc/{pid}/attr", "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            lines.Add($"attr {Path.GetFileName(file)}: {TryRead(file)}");
        lines.AddRange(File.ReadLines($"/proc/{pid}/mountinfo").Select(Mount).Order(StringComparer.Ordinal));
        lines.AddRange(Directory.EnumerateFileSystemEntries($"/proc/{pid}/ns").Order(StringComparer.Ordinal)
            .Select(path => $"{Path.GetFileName(path)} {(Link(path) == Link($"/proc/self/ns/{Path.GetFileName(path)}") ? "of the host" : "own")}"));
        lines.AddRange(Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd").Select(path => (Number: int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture), Target: Link(path)))
            .Where(fd => fd.Number < 4 || !fd.Target.StartsWith("socket", StringComparison.Ordinal)).OrderBy(fd => fd.Number)
            .Select(fd => $"fd {(fd.Number < 4 ? fd.Number : "n")} {fd.Target.Split(':')[0]} {FileFlags(pid, fd.Number)}").Distinct());
        lines.AddRange(new[] { "cwd", "root", "exe" }.Select(link => $"{link} {Link($"/proc/{pid}/{link}")}"));
        lines.Add("keys " + string.Join(' ', File.ReadLines("/proc/key-users").Select(static line => line.Trim()).Where(line => line.StartsWith($"{first}:", StringComparison.Ordinal) || line.StartsWith($"{first + SandboxUser.Id}:", StringComparison.Ordinal))));
        lines.AddRange((await sandbox.RunAsync(Inside)).Output.Split('\n'));
        return [.. lines.Select(line => InTermsOfTheSandbox(line, sandbox.Id, first))];
    }

    private static string LastOfNamespaces(string line) =>
        line.StartsWith("NS", StringComparison.Ordinal) ? $"{line.Split(':')[0]} {line.Split('\t')[^1]}" : line;

    /// <summary>Without the numbers of the mount, its parent and its device.</summary>
    private static string Mount(string line)
    {
        var fields = line.Split(' ');
        var options = fields[^1].Split(',').Where(static option => !option.Contains("dir=/proc", StringComparison.Ordinal) && !option.StartsWith("subvolid", StringComparison.Ordinal));
        return "mount " + string.Join(' ', fields[3..^1]) + " " + string.Join(',', options);
    }

    private static string FileFlags(int pid, int descriptor) =>
        TryRead($"/proc/{pid}/fdinfo/{descriptor}").Split('\n').FirstOrDefault(static line => line.StartsWith("flags", StringComparison.Ordinal)) ?? "";

    private static string InTermsOfTheSandbox(string line, SandboxId id, uint first)
    {
        var text = line.Replace(id.Value, "ID", StringComparison.Ordinal);
        text = HostId().Replace(text, match => uint.Parse(match.Value, CultureInfo.InvariantCulture) is var number && number >= first && number < first + 65536 ? $"<{number - first}>" : match.Value);
        return Loop().Replace(text, "/dev/loop");
    }

    private static string TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.GetType().Name;
        }
    }

    private static string Link(string path) => new FileInfo(path).LinkTarget ?? "";

    [GeneratedRegex(@"\b[0-9]{7,10}\b")]
    private static partial Regex HostId();

    [GeneratedRegex("/dev/loop[0-9]+")]
    private static partial Regex Loop();
}
