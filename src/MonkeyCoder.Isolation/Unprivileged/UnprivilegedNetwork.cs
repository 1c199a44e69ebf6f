using System.Globalization;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>Whether this host can do what the network of the unprivileged tier takes.</summary>
internal static class UnprivilegedNetwork
{
    private const string Actions = "/proc/sys/kernel/seccomp/actions_avail";
    private const string PtraceScope = "/proc/sys/kernel/yama/ptrace_scope";

    // From 2 on it takes a capability to read the memory of one's own children.
    private const int MostPtraceScope = 1;

    /// <summary>What is missing, in a few words; null where nothing is.</summary>
    public static string? Gap()
    {
        if (Libc.LandlockVersion() < Libc.LandlockVersionWithTcp) return $"Landlock ABI {Libc.LandlockVersion()}, and {Libc.LandlockVersionWithTcp} is needed";
        if (!File.Exists(Actions) || !File.ReadAllText(Actions).Contains("user_notif", StringComparison.Ordinal)) return "no user_notif of seccomp";
        if (File.Exists(PtraceScope) && int.Parse(File.ReadAllText(PtraceScope), CultureInfo.InvariantCulture) is > MostPtraceScope and var scope)
            return $"kernel.yama.ptrace_scope is {scope}";
        return Libc.CanReadMemory() ? null : "process_vm_readv is refused";
    }
}
