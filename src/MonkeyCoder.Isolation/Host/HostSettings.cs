using System.Globalization;

namespace MonkeyCoder.Isolation.Host;

/// <summary>Settings of the kernel that decide how much of it code in a sandbox can reach.</summary>
internal static class HostSettings
{
    private const string CpuVulnerabilities = "/sys/devices/system/cpu/vulnerabilities";

    private static readonly (string Key, long Least, long Most, string Why)[] Numbers =
    [
        ("kernel.kptr_restrict", 1, 2, "kernel addresses are readable"),
        ("kernel.dmesg_restrict", 1, 1, "the kernel's log is readable"),
        ("kernel.perf_event_paranoid", 2, 4, "everybody may measure the kernel"),
        ("kernel.unprivileged_bpf_disabled", 1, 2, "everybody may load BPF"),
        ("kernel.io_uring_disabled", 2, 2, "io_uring is open to all (sandboxes are refused it by their filter)"),
        ("vm.unprivileged_userfaultfd", 0, 0, "userfaultfd is open to all (sandboxes are refused it by their filter)"),
        ("fs.protected_symlinks", 1, 1, "links in shared directories are followed"),
        ("fs.protected_hardlinks", 1, 1, "files of others can be linked"),
        ("fs.protected_fifos", 1, 2, "pipes of others in shared directories are opened"),
        ("fs.protected_regular", 1, 2, "files of others in shared directories are opened"),
        ("dev.tty.legacy_tiocsti", 0, 0, "input can be typed into terminals (sandboxes are refused it by their filter)"),
        ("fs.inotify.max_user_instances", 1024, long.MaxValue, "sandboxes together can use up the inotify instances; each may have 64"),
    ];

    /// <summary>One fact for each setting that this kernel has, and for what is not a number.</summary>
    public static IEnumerable<HostFact> Run() => Run(Read);

    /// <summary>As <see cref="Run()"/>, with files from elsewhere; null for one that does not exist.</summary>
    internal static IEnumerable<HostFact> Run(Func<string, string?> read)
    {
        foreach (var (key, least, most, why) in Numbers)
        {
            if (!long.TryParse(read("/proc/sys/" + key.Replace('.', '/')), CultureInfo.InvariantCulture, out var value)) continue;
            var wanted = least > 0 ? least : most;
            yield return HostFact.Wished(key, value >= least && value <= most, value.ToString(CultureInfo.InvariantCulture), $"Set it to {wanted}: {why}.");
        }

        var pattern = read("/proc/sys/kernel/core_pattern") ?? "";
        yield return HostFact.Wished(
            "kernel.core_pattern", !pattern.StartsWith('|'), pattern, "Set it to a file name: a pipe starts a program outside for crashes inside.");
        var merging = read("/sys/kernel/mm/ksm/run") ?? "0";
        yield return HostFact.Wished(
            "KSM", merging == "0", merging, "Write 0 to /sys/kernel/mm/ksm/run: merged pages tell neighbours what they have in common.");
        var swap = (read("/proc/swaps") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length > 1;
        yield return HostFact.Wished("swap", !swap, swap ? "on" : "off", "Switch swap off: memory of sandboxes must not reach the disk.");
        var vulnerable = VulnerableCpu(read);
        yield return HostFact.Wished(
            "CPU", vulnerable.Length == 0, vulnerable.Length == 0 ? "not known to be vulnerable" : vulnerable,
            "Update microcode and kernel: code in a sandbox may read memory that is not its own.");
    }

    private static string VulnerableCpu(Func<string, string?> read) => !Directory.Exists(CpuVulnerabilities)
        ? ""
        : string.Join(", ", Directory.EnumerateFiles(CpuVulnerabilities)
            .Where(path => (read(path) ?? "").Contains("Vulnerable", StringComparison.Ordinal))
            .Select(path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal));

    private static string? Read(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : null;
}
