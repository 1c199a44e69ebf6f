using System.Globalization;
using System.Runtime.InteropServices;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Unprivileged;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Host;

/// <summary>What the unprivileged tier needs of a host. Looks and tries, and leaves nothing changed.</summary>
internal static class UnprivilegedCheck
{
    // capabilities(7); what container platforms usually leave to root.
    private static readonly (string Name, int Bit)[] Capabilities =
        [("CHOWN", 0), ("DAC_OVERRIDE", 1), ("FOWNER", 3), ("KILL", 5), ("SETGID", 6), ("SETUID", 7), ("SYS_CHROOT", 18), ("MKNOD", 27)];

    /// <summary>The facts without which no sandbox of this tier runs.</summary>
    public static IEnumerable<HostFact> Run(EngineOptions options)
    {
        var architecture = RuntimeInformation.ProcessArchitecture;
        yield return HostFact.Needed(
            "architecture", architecture == Architecture.X64, architecture.ToString(), "Use x86_64: the filter of this tier knows its system calls only.");
        var missing = MissingCapabilities(File.ReadAllText("/proc/self/status"));
        yield return HostFact.Needed(
            "root with capabilities", missing.Length == 0, missing.Length == 0 ? "yes" : $"without {missing}",
            "Run as root with these capabilities, which container platforms leave to root by default.");
        var landlock = Libc.LandlockVersion();
        yield return HostFact.Needed("Landlock", landlock > 0, landlock > 0 ? $"ABI {landlock}" : "no", "Boot with landlock in the list of lsm=.");
        const string Filters = "/proc/sys/kernel/seccomp/actions_avail";
        var filters = File.Exists(Filters) ? File.ReadAllText(Filters).Trim() : "no";
        yield return HostFact.Needed(
            "seccomp", filters.Contains("errno", StringComparison.Ordinal), filters, "Use a kernel with CONFIG_SECCOMP_FILTER.");
        yield return Try(
            "links and devices", $"Put {options.CacheDirectory} and {options.StateDirectory} on one file system that takes devices.",
            () => ProbeFiles(options));
    }

    /// <summary>What the tier does without on this host.</summary>
    public static IEnumerable<HostFact> RunWished()
    {
        yield return HostFact.Wished(
            "Landlock scopes", Libc.LandlockVersion() >= Libc.LandlockVersionWithScopes,
            Libc.LandlockVersion() >= Libc.LandlockVersionWithScopes ? "yes" : "no", "Use Linux 6.12 or later: without them code cannot open unix sockets.");
        var gap = UnprivilegedNetwork.Gap();
        yield return HostFact.Wished(
            "network of sandboxes", gap is null, gap ?? "yes",
            "Use Linux 6.7 or later, and let the container make process_vm_readv and seccomp: without them sandboxes have no network, and requests for one are refused.");
    }

    /// <summary>Names of those that are not in the effective set of a <c>/proc/PID/status</c>, joined.</summary>
    internal static string MissingCapabilities(string status)
    {
        const string Key = "CapEff:";
        var line = status.Split('\n').FirstOrDefault(static line => line.StartsWith(Key, StringComparison.Ordinal)) ?? Key + "0";
        var effective = ulong.Parse(line.AsSpan(Key.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return string.Join(", ", Capabilities.Where(capability => (effective >> capability.Bit & 1) == 0).Select(static capability => capability.Name));
    }

    private static string ProbeFiles(EngineOptions options)
    {
        var source = Path.Combine(options.CacheDirectory, ".probe-" + Path.GetRandomFileName());
        var target = Path.Combine(options.StateDirectory, ".probe-" + Path.GetRandomFileName());
        try
        {
            Directory.CreateDirectory(options.CacheDirectory);
            SandboxRecord.MakePassable(options.StateDirectory);
            File.WriteAllText(source, "");
            var errno = Libc.TryLink(source, target);
            if (errno != 0) throw new SyscallException("link", errno, target);
            File.Delete(target);
            LinkTree.MakeDevice(target, 1, 3);
            Libc.OpenForWriting(target).Dispose();
            return "yes";
        }
        finally
        {
            File.Delete(source);
            File.Delete(target);
        }
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
}
