using System.ComponentModel;
using System.Diagnostics;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Unprivileged;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Host;

/// <summary>What this host can and cannot do for sandboxes. Looks and tries, and leaves nothing changed.</summary>
public static class HostCheck
{
    private const string RuntimeName = "OCI runtime";
    private const long GiB = 1024L * 1024 * 1024;

    private static readonly string[] ProgramDirectories = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    private static readonly Version LeastKernel = new(5, 19);
    private static readonly TimeSpan ProgramTimeout = TimeSpan.FromSeconds(5);
    private const int VersionTries = 3;

    /// <summary>All facts, the needed ones first.</summary>
    public static IReadOnlyList<HostFact> Run(EngineOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return [.. RunNeeded(options), .. RunWished(options), .. RunTiers(options)];
    }

    /// <summary>The facts without which nothing runs in the tier that is chosen.</summary>
    internal static IEnumerable<HostFact> RunNeeded(EngineOptions options) => RunNeeded(options, options.Tier);

    private static IEnumerable<HostFact> RunNeeded(EngineOptions options, IsolationTier tier) => tier switch
    {
        IsolationTier.Unprivileged => UnprivilegedCheck.Run(options),
        IsolationTier.Gvisor => RunContainer(options, () => GvisorCheck.Run(options.GvisorPath)),
        _ => RunContainer(options, () => CheckRuntime(options.RuntimePath)),
    };

    /// <summary>One fact for each tier: whether it can be chosen on this host, and the first thing it lacks.</summary>
    private static IEnumerable<HostFact> RunTiers(EngineOptions options)
    {
        foreach (var tier in Enum.GetValues<IsolationTier>())
        {
            var description = TierDescription.Of(tier, UnprivilegedNetwork.Gap() is null);
            var lacking = RunNeeded(options, tier).FirstOrDefault(static fact => fact.Verdict == HostVerdict.Fail);
            var chosen = tier == options.Tier;
            var value = (chosen ? "chosen; " : "") + (lacking is null ? "can run here" : $"cannot run here: {lacking.Name}: {lacking.Value}");
            yield return chosen && description.Warning is { } warning
                ? new HostFact($"tier {description.Name}", HostVerdict.Warn, value, warning)
                : new HostFact($"tier {description.Name}", HostVerdict.Ok, value, "");
        }
    }

    private static IEnumerable<HostFact> RunContainer(EngineOptions options, Func<HostFact> checkRuntime)
    {
        var root = Libc.EffectiveUserId == 0;
        yield return HostFact.Needed("root", root, root ? "yes" : $"uid {Libc.EffectiveUserId}", "Run as root, or with sudo.");
        yield return CheckKernel(Environment.OSVersion.Version);
        yield return checkRuntime();
        yield return CheckPrograms();
        yield return CheckCgroups();
        yield return Try("user namespaces", "Set the sysctl user.max_user_namespaces above 0.", () =>
        {
            using var mapping = MappingNamespace.Open(new UidRange(UidRange.Slots - 1));
            return "yes";
        });
        yield return Try(
            "overlay on id-mapped layers",
            $"Load the module overlay, and put {options.CacheDirectory} on ext4, xfs or btrfs.",
            () => OverlayProbe.Run(options.CacheDirectory));
        var filters = Read("/proc/sys/kernel/seccomp/actions_avail");
        yield return HostFact.Needed(
            "seccomp", filters?.Contains("errno", StringComparison.Ordinal) == true, filters ?? "no", "Use a kernel with CONFIG_SECCOMP_FILTER.");
        yield return Try("nf_tables", "Use a kernel with nf_tables, its nat chains and redirect: without them sandboxes have no way out that is checked.", ProbeNetwork);
        yield return CheckStore(options.StateDirectory);
    }

    internal static HostFact CheckKernel(Version kernel) => HostFact.Needed(
        "kernel", kernel >= LeastKernel, kernel.ToString(), $"Use Linux {LeastKernel} or later: overlays of id-mapped mounts need it.");

    /// <summary>Reads the first line of <c>runc --version</c>.</summary>
    internal static HostFact CheckRuntimeVersion(string text)
    {
        var line = text.Split('\n')[0].Trim();
        var word = line.Split(' ')[^1].Split('+', '-', '~')[0];
        var patched = Version.TryParse(word, out var version)
            && (version >= new Version(1, 4) || version is { Major: 1, Minor: 3, Build: >= 3 } or { Major: 1, Minor: 2, Build: >= 8 });
        return HostFact.Wished(
            RuntimeName, patched, line, "Use runc 1.2.8, 1.3.3, 1.4.0 or later where tenants do not trust each other: older ones lack fixes of 2025.");
    }

    private static IEnumerable<HostFact> RunWished(EngineOptions options)
    {
        if (options.Tier == IsolationTier.Unprivileged)
            foreach (var fact in UnprivilegedCheck.RunWished()) yield return fact;
        var landlock = Libc.LandlockVersion();
        yield return HostFact.Wished(
            "Landlock", landlock > 0, landlock > 0 ? $"ABI {landlock}" : "no", "Boot with landlock in the list of lsm= for an inner wall around user code.");
        yield return new HostFact("KVM", HostVerdict.Ok, File.Exists("/dev/kvm") ? "yes" : "no; not needed", "");
        yield return new HostFact("crun", HostVerdict.Ok, Find("crun") ?? "not installed", "");
        foreach (var fact in HostSettings.Run()) yield return fact;

        var available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        yield return HostFact.Wished("memory", available >= 2 * GiB, $"{available / GiB} GiB", "A pool of four sandboxes wants 2 GiB.");
        if (NearestExisting(options.StateDirectory) is not { } state) yield break;
        var free = new DriveInfo(state).AvailableFreeSpace;
        yield return HostFact.Wished("free disk space", free >= 5 * GiB, $"{free / GiB} GiB at {state}", "Free some space: every sandbox may write up to its limit.");
    }

    private static HostFact CheckRuntime(string path)
    {
        const string Advice = "Install runc: apt-get install runc.";
        if (!File.Exists(path)) return new HostFact(RuntimeName, HostVerdict.Fail, $"no {path}", Advice);
        return ReadVersion(path) is { } text ? CheckRuntimeVersion(text) : new HostFact(RuntimeName, HostVerdict.Fail, $"{path} does not work", Advice);
    }

    /// <summary>
    /// What a program says to <c>--version</c>; null where it does not run. Asked more than once: a node that starts where memory or
    /// processes are short just then must not take that for a host without a runtime.
    /// </summary>
    internal static string? ReadVersion(string path)
    {
        for (var tries = 1; tries < VersionTries; tries++)
            if (TryReadVersion(path) is { } text) return text;
        return TryReadVersion(path);
    }

    private static string? TryReadVersion(string path)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(path, ["--version"]) { RedirectStandardOutput = true })!;
            var text = process.StandardOutput.ReadToEnd();
            return process.WaitForExit(ProgramTimeout) && process.ExitCode == 0 ? text : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static string ProbeNetwork()
    {
        using var sockets = EgressSockets.Open(null);
        return "works";
    }

    private static HostFact CheckPrograms()
    {
        string[] wanted = ["/usr/bin/unshare", "/usr/bin/mount", "/usr/sbin/sysctl"];
        var missing = string.Join(", ", wanted.Where(path => !File.Exists(path)));
        return HostFact.Needed(
            "programs", missing.Length == 0, missing.Length == 0 ? "all there" : $"no {missing}", "apt-get install util-linux mount procps.");
    }

    private static HostFact CheckCgroups()
    {
        try
        {
            return new HostFact("cgroups", HostVerdict.Ok, CgroupTree.Detect().Version, "");
        }
        catch (HostNotReadyException e)
        {
            return new HostFact("cgroups", HostVerdict.Fail, "not usable", e.Message);
        }
    }

    private static HostFact CheckStore(string stateDirectory)
    {
        const string Name = "store";
        if (NearestExisting(stateDirectory) is { } state && new DriveInfo(state).DriveFormat == "btrfs")
            return new HostFact(Name, HostVerdict.Ok, $"{state} is btrfs", "");
        var fileSystems = (Read("/proc/filesystems") ?? "").Split('\n');
        var btrfs = fileSystems.Any(line => line.EndsWith("\tbtrfs", StringComparison.Ordinal));
        var missing = new List<string>();
        if (!File.Exists("/dev/loop-control")) missing.Add("loop devices (modprobe loop)");
        if (btrfs && Find("mkfs.btrfs") is null) missing.Add("mkfs.btrfs (apt-get install btrfs-progs)");
        if (!btrfs && Find("mkfs.ext4") is null) missing.Add("mkfs.ext4 (apt-get install e2fsprogs)");
        if (missing.Count > 0) return new HostFact(Name, HostVerdict.Fail, "no", $"Missing: {string.Join(", ", missing)}.");
        return HostFact.Wished(
            Name, btrfs, btrfs ? "btrfs on a loop file" : "ext4 images on loop devices", "Load the module btrfs: launches are faster with it, and snapshots are instant.");
    }

    private static HostFact Try(string name, string advice, Func<string> probe)
    {
        try
        {
            return new HostFact(name, HostVerdict.Ok, probe(), "");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new HostFact(name, HostVerdict.Fail, e.Message, advice);
        }
    }

    private static string? Find(string program) =>
        ProgramDirectories.Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);

    private static string? Read(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : null;

    private static string? NearestExisting(string path)
    {
        for (var directory = Path.GetFullPath(path); directory is not null; directory = Path.GetDirectoryName(directory))
            if (Directory.Exists(directory)) return directory;
        return null;
    }
}
