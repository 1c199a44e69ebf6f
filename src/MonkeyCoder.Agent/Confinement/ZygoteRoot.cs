using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Confinement;

/// <summary>
/// Puts this process into the root of a template, with nothing of the host in sight, and makes it the driver from which Python
/// kernels are forked. Comes back only by failing.
/// </summary>
internal static class ZygoteRoot
{
    private const string Driver = "/opt/monkeycoder/kernels/python/argv";
    private const uint FileCreationMask = 0x12; // 022

    // <linux/capability.h>: CAP_SYS_CHROOT, CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_RESOURCE. They are what entering the namespaces of
    // a sandbox and setting its limits takes.
    private static readonly int[] Capabilities = [18, 19, 21, 24];

    /// <summary>Enters it; the environment stays.</summary>
    /// <param name="layers">Directories of the template, the topmost first.</param>
    /// <exception cref="SyscallException">A step failed.</exception>
    /// <exception cref="IOException">The template has no Python driver.</exception>
    public static void Enter(IReadOnlyList<string> layers)
    {
        // In the order in which it came, which .NET does not keep: forks show it in their /proc/self/environ.
        var variables = File.ReadAllText("/proc/self/environ").Split('\0', StringSplitOptions.RemoveEmptyEntries);

        // 1. Namespaces of its own, but that of pids: a process can enter those below its own only.
        Libc.LeaveHostNamespaces();
        Libc.SetHostName("sandbox");

        // 2. The template as sandboxes see it, read-only, over one of its own directories, so that no other is needed.
        var root = layers[^1];
        Libc.Mount("overlay", root, "overlay", Libc.MS_RDONLY | Libc.MS_NOSUID | Libc.MS_NODEV, $"lowerdir={string.Join(':', layers)}");
        GiveNull(root);
        Libc.PivotRoot(root);

        // 3. No right that is not needed, and the driver in place of this program. As root it has what is left.
        Libc.SetFileCreationMask(FileCreationMask);
        Libc.IgnoreInternalSignals();
        Libc.DropBoundingCapabilities(Capabilities);
        var command = File.ReadAllLines(Driver).Where(static line => line.Length > 0).ToArray();
        Libc.Execute(command[0], command, variables);
    }

    /// <summary>The one device that the imports open.</summary>
    private static void GiveNull(string root)
    {
        Libc.Mount("tmpfs", root + "/dev", "tmpfs", Libc.MS_NOSUID, "size=4k,mode=755");
        File.WriteAllBytes(root + "/dev/null", []);
        Libc.Mount("/dev/null", root + "/dev/null", "", Libc.MS_BIND, null);
    }
}
