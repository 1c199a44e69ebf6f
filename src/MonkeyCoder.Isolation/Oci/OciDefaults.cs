using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Oci;

/// <summary>What is the same in the OCI configuration of every sandbox. docs/SECURITY-MODEL.md says what each answers.</summary>
internal static class OciDefaults
{
    /// <summary>oom_score_adj of the agent: goes before the node. It gives its children more, so they go before it.</summary>
    public const int AgentOomScore = 300;

    /// <summary>The agent as seen from the root of a sandbox.</summary>
    public const string Agent = "/opt/monkeycoder/monkey-agent";

    /// <summary>PATH of the agent, and so of what it starts.</summary>
    public const string SearchPath = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

    // Enough for a program to raise its own limit a little, whatever the soft limit was set to.
    private const ulong MostOpenFiles = 4096;
    private const ulong LeastProcesses = 256;
    private const ulong MiB = 1024 * 1024;

    /// <summary>Host name inside.</summary>
    public const string HostName = "sandbox";

    /// <summary>Environment of every agent.</summary>
    public static IReadOnlyList<string> Environment { get; } =
        [$"PATH={SearchPath}", "LANG=C.UTF-8"];

    /// <summary>Numbers of <c>&lt;asm-generic/resource.h&gt;</c> for the names of the OCI specification.</summary>
    public static IReadOnlyDictionary<string, int> ResourceNumbers { get; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["RLIMIT_FSIZE"] = 1,
        ["RLIMIT_DATA"] = 2,
        ["RLIMIT_STACK"] = 3,
        ["RLIMIT_CORE"] = 4,
        ["RLIMIT_NPROC"] = 6,
        ["RLIMIT_NOFILE"] = 7,
        ["RLIMIT_MEMLOCK"] = 8,
        ["RLIMIT_LOCKS"] = 10,
        ["RLIMIT_SIGPENDING"] = 11,
        ["RLIMIT_MSGQUEUE"] = 12,
        ["RLIMIT_NICE"] = 13,
        ["RLIMIT_RTPRIO"] = 14,
    };

    /// <summary>All of them: nothing of the host's is shared.</summary>
    public static IReadOnlyList<string> Namespaces { get; } = ["user", "pid", "mount", "network", "ipc", "uts", "cgroup"];

    /// <summary>
    /// For root inside a workspace: Docker's list without NET_RAW and MKNOD. They count inside the user namespace only.
    /// </summary>
    public static IReadOnlyList<string> WorkspaceCapabilities { get; } =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_SETFCAP", "CAP_AUDIT_WRITE",
    ];

    /// <summary>null, zero, full, random, urandom, tty, ptmx and the terminals behind it.</summary>
    public static IReadOnlyList<(int Major, int? Minor)> Devices { get; } =
        [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2), (136, null)];

    /// <summary>File systems of the sandbox's own, each with a size. No sysfs, no cgroupfs.</summary>
    public static IReadOnlyList<OciMount> Mounts { get; } =
    [
        new("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
        new("/dev", "tmpfs", "tmpfs", ["nosuid", "noexec", "strictatime", "mode=755", "size=64k"]),
        new("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", "max=64"]),
        new("/dev/shm", "tmpfs", "shm", ["nosuid", "nodev", "noexec", "mode=1777", "size=64m"]),
        new("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "nodev", "noexec"]),
        new("/tmp", "tmpfs", "tmpfs", ["nosuid", "nodev", "mode=1777", "size=128m", "nr_inodes=16k"]),
    ];

    /// <summary>Of the directories of the host that are bound in.</summary>
    public static IReadOnlyList<string> BindOptions { get; } = ["bind", "rprivate", "rw", "nosuid", "nodev"];

    /// <summary>Devices in <c>/dev</c>: those that every OCI runtime adds, bound from the host's.</summary>
    public static IReadOnlyList<string> DeviceFiles { get; } = ["/dev/null", "/dev/random", "/dev/full", "/dev/tty", "/dev/zero", "/dev/urandom"];

    /// <summary>Links in <c>/dev</c>, as every OCI runtime adds them.</summary>
    public static IReadOnlyList<(string Link, string Target)> DeviceLinks { get; } =
    [
        ("/dev/ptmx", "pts/ptmx"), ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"), ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
    ];

    /// <summary>Of the network and IPC namespaces.</summary>
    public static IReadOnlyList<(string Key, string Value)> Sysctls { get; } =
    [
        ("net.ipv6.conf.all.disable_ipv6", "1"), ("net.ipv6.conf.default.disable_ipv6", "1"), ("net.ipv4.ping_group_range", "1 0"),
        ("kernel.shmmax", "134217728"), ("kernel.shmall", "32768"), ("kernel.msgmni", "64"), ("kernel.sem", "64 512 32 64"),
        ("fs.mqueue.queues_max", "16"),
    ];

    /// <summary>Of the user namespace; runc takes these for the host's and would refuse them as sysctls.</summary>
    public static IReadOnlyList<string> UserNamespaceSysctls { get; } =
        ["user.max_inotify_instances=64", "user.max_user_namespaces=0"];

    /// <summary>Files of /proc that say too much about the host.</summary>
    public static IReadOnlyList<string> MaskedPaths { get; } =
    [
        .. new[]
        {
            "acpi", "asound", "bootconfig", "buddyinfo", "cmdline", "config.gz", "diskstats", "driver", "dynamic_debug", "interrupts",
            "iomem", "ioports", "kallsyms", "kcore", "key-users", "keys", "kmsg", "kpagecgroup", "kpagecount", "kpageflags",
            "latency_stats", "locks", "mdstat", "modules", "pagetypeinfo", "partitions", "pressure", "sched_debug", "schedstat",
            "scsi", "slabinfo", "softirqs", "swaps", "sys/fs", "timer_list", "timer_stats", "version_signature", "vmallocinfo", "vmstat",
            "zoneinfo",
        }.Select(name => "/proc/" + name),
    ];

    /// <summary>Parts of /proc through which a host could be changed.</summary>
    public static IReadOnlyList<string> ReadonlyPaths { get; } =
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    /// <summary>getrlimit(2). Memory is the cgroup's: RLIMIT_AS breaks V8 and sums nothing.</summary>
    public static IReadOnlyList<OciResourceLimit> ResourceLimits(SandboxLimits limits) =>
    [
        new("RLIMIT_NOFILE", (ulong)limits.OpenFiles, HardOpenFiles(limits)),
        // A second line behind the pids of the cgroup: counted for each user.
        new("RLIMIT_NPROC", MostProcesses(limits), MostProcesses(limits)),
        new("RLIMIT_CORE", 0, 0),
        new("RLIMIT_FSIZE", Math.Max(1024 * MiB, (ulong)limits.DiskBytes), Math.Max(1024 * MiB, (ulong)limits.DiskBytes)),
        new("RLIMIT_MEMLOCK", 65536, 65536),
        new("RLIMIT_MSGQUEUE", 65536, 65536),
        new("RLIMIT_SIGPENDING", 512, 512),
        new("RLIMIT_STACK", 8 * MiB, 64 * MiB),
        new("RLIMIT_NICE", 0, 0),
        new("RLIMIT_RTPRIO", 0, 0),
        new("RLIMIT_LOCKS", 4096, 4096),
    ];

    /// <summary>
    /// Whether a sandbox launched with one can be given the other: nothing raises the hard limits of a process that runs.
    /// </summary>
    public static bool SameHardLimits(SandboxLimits one, SandboxLimits other) =>
        ResourceLimits(one).Select(limit => limit.Hard).SequenceEqual(ResourceLimits(other).Select(limit => limit.Hard));

    /// <summary>What a process may raise its open files to.</summary>
    public static ulong HardOpenFiles(SandboxLimits limits) => Math.Max(MostOpenFiles, (ulong)limits.OpenFiles);

    private static ulong MostProcesses(SandboxLimits limits) =>
        Math.Max(LeastProcesses, (ulong)limits.Processes + SandboxLimits.AgentTaskReserve);
}

/// <summary>A mount of an OCI configuration.</summary>
internal sealed record OciMount(string Destination, string Type, string Source, IReadOnlyList<string> Options);

/// <summary>An rlimit of an OCI configuration.</summary>
internal sealed record OciResourceLimit(string Type, ulong Soft, ulong Hard);
