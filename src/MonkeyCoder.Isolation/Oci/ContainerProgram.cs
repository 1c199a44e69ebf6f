using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Oci;

/// <summary>
/// An <see cref="OciBundle"/> as the system calls that make the container, for the node's own launcher: what <c>runc</c> makes of the
/// <c>config.json</c>, in its order where order matters. The tests of the posture compare the two.
/// </summary>
/// <remarks>
/// <para>1. It becomes root of its user namespace and leader of a session, and makes the namespaces that belong to that root.</para>
/// <para>2. Its root, and all mounts, on a table that nothing of the host's reaches.</para>
/// <para>3. The old root goes; name, settings, read-only and covered paths.</para>
/// <para>4. Rights go, then the user, then the filter; and it executes the agent.</para>
/// </remarks>
internal sealed class ContainerProgram
{
    // <sys/mount.h>, <fcntl.h>, <sched.h>, <linux/prctl.h>, <linux/keyctl.h>, <signal.h>; the same on x64 and arm64.
    private const long MS_RDONLY = 1;
    private const long MS_NOSUID = 2;
    private const long MS_NODEV = 4;
    private const long MS_NOEXEC = 8;
    private const long MS_REMOUNT = 32;
    private const long MS_BIND = 4096;
    private const long MS_REC = 16384;
    private const long MS_PRIVATE = 1 << 18;
    private const long MS_STRICTATIME = 1 << 24;
    private const long MNT_DETACH = 2;
    private const long O_WRONLY = 1;
    private const long O_CREAT = 0x40;
    private const long O_CLOEXEC = 0x80000;
    private const long CLONE_NEWNS = 0x20000;
    private const long CLONE_NEWCGROUP = 0x2000000;
    private const long CLONE_NEWUTS = 0x4000000;
    private const long CLONE_NEWIPC = 0x8000000;
    private const long CLONE_NEWNET = 0x40000000;
    private const long PR_CAPBSET_DROP = 24;
    private const long PR_SET_NO_NEW_PRIVS = 38;
    private const long PR_CAP_AMBIENT = 47;
    private const long PR_CAP_AMBIENT_CLEAR_ALL = 4;
    private const long KEYCTL_JOIN_SESSION_KEYRING = 1;
    private const long KEYCTL_SETPERM = 5;
    private const long SIGPIPE = 13;
    private const int CapabilityVersion3 = 0x20080522;
    private const int CapabilityNumbers = 64;

    // The possessor everything; its user to view, read and link; others to search. As runc has it.
    private const long KeyringRights = 0x3f130008;

    private static readonly IReadOnlyDictionary<string, uint> Numbers = SyscallNumbers.Read();
    private static readonly byte[] StrictFilter = SeccompProfile.Compile(SandboxProfile.Strict);
    private static readonly byte[] WorkspaceFilter = SeccompProfile.Compile(SandboxProfile.Workspace);

    private static readonly Dictionary<string, long> MountFlags = new(StringComparer.Ordinal)
    {
        ["nosuid"] = MS_NOSUID,
        ["nodev"] = MS_NODEV,
        ["noexec"] = MS_NOEXEC,
        ["strictatime"] = MS_STRICTATIME,
        ["rw"] = 0,
        ["bind"] = MS_BIND,
        ["rprivate"] = 0, // Everything is.
    };

    // Numbers of capabilities(7) for the names of the OCI specification.
    private static readonly Dictionary<string, int> CapabilityNumber = new(StringComparer.Ordinal)
    {
        ["CAP_CHOWN"] = 0,
        ["CAP_DAC_OVERRIDE"] = 1,
        ["CAP_FOWNER"] = 3,
        ["CAP_FSETID"] = 4,
        ["CAP_KILL"] = 5,
        ["CAP_SETGID"] = 6,
        ["CAP_SETUID"] = 7,
        ["CAP_SETPCAP"] = 8,
        ["CAP_NET_BIND_SERVICE"] = 10,
        ["CAP_SYS_CHROOT"] = 18,
        ["CAP_AUDIT_WRITE"] = 29,
        ["CAP_SETFCAP"] = 31,
    };

    private readonly OciBundle _bundle;
    private readonly string _name;
    private readonly SystemCallProgram _calls = new(Numbers);

    private ContainerProgram(OciBundle bundle, string name) => (_bundle, _name) = (bundle, name);

    /// <summary>The plan for the launcher.</summary>
    /// <param name="bundle">Not for gVisor.</param>
    /// <param name="name">Name of the sandbox, for its keyring.</param>
    /// <param name="groups">Files <c>cgroup.procs</c> of its groups.</param>
    public static LaunchPlan Compile(OciBundle bundle, string name, IReadOnlyList<string> groups)
    {
        var program = new ContainerProgram(bundle, name);
        program.Write();
        var (image, relocations) = program._calls.Render();
        return new LaunchPlan(
            (int)bundle.Ids.First, UidRange.Length, OciDefaults.AgentOomScore,
            [.. OciDefaults.ResourceLimits(bundle.Limits).Select(limit => new ConfineLimit(OciDefaults.ResourceNumbers[limit.Type], (long)limit.Soft, (long)limit.Hard))],
            groups, program._calls.Count, MemoryMarshal.AsBytes<int>(relocations).ToArray(), image);
    }

    /// <summary>What a call of a plan does, for the message about its failure.</summary>
    public static string Describe(LaunchPlan plan, int call)
    {
        var bytes = plan.Image.Span[(call * SystemCallProgram.CallBytes)..];
        var number = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        var name = Numbers.FirstOrDefault(known => known.Value == number).Key;
        // The target of a mount, and the path of an open, mkdir or exec.
        var subject = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes[(name == "mount" ? 16 : 8)..]);
        if (name is not ("mount" or "open" or "mkdir" or "chdir" or "symlink" or "execve") || subject <= 0 || subject >= plan.Image.Length) return name ?? $"call {number}";
        var text = plan.Image.Span[subject..];
        return $"{name} {Encoding.UTF8.GetString(text[..text.IndexOf((byte)0)])}";
    }

    private void Write()
    {
        // :: Step 1
        _calls.Add("setresuid", 0, 0, 0);
        // What the kernel makes in them belongs to the ids of this moment.
        _calls.Add("unshare", CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP);
        _calls.Add("setsid");
        _calls.Add("setresgid", 0, 0, 0);
        _calls.Add("setgroups", 0, 0);
        _calls.Add(new SystemCallRule(Keeps: true), "keyctl", KEYCTL_JOIN_SESSION_KEYRING, "_ses." + _name);
        _calls.Add("keyctl", KEYCTL_SETPERM, SystemCallArgument.Kept, KeyringRights);

        // :: Step 2
        Mount(null, "/", null, MS_REC | MS_PRIVATE);
        Mount(_bundle.RootDirectory, _bundle.RootDirectory, null, MS_BIND | MS_REC);
        _calls.Add("chdir", _bundle.RootDirectory);
        foreach (var mount in OciDefaults.Mounts) Mount(mount);
        foreach (var (source, destination) in _bundle.Binds) Bind(source, destination);
        MakeDevices();
        Mount(_bundle.BootIdFile, Below("/proc/sys/kernel/random/boot_id"), null, MS_BIND);

        // :: Step 3
        _calls.Add("pivot_root", ".", ".");
        _calls.Add("umount2", ".", MNT_DETACH);
        _calls.Add("chdir", "/");
        _calls.Add("sethostname", OciDefaults.HostName, OciDefaults.HostName.Length);
        foreach (var setting in OciDefaults.UserNamespaceSysctls) Set(setting.Split('=')[0], setting.Split('=')[1]);
        foreach (var (key, value) in OciDefaults.Sysctls) Set(key, value);
        if (_bundle.Profile == SandboxProfile.Strict) Mount(null, "/", null, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NODEV | MS_NOSUID);
        foreach (var path in OciDefaults.ReadonlyPaths) MakeReadOnly(path);
        foreach (var path in OciDefaults.MaskedPaths.Concat(_bundle.MaskedFiles)) Mask(path);

        // :: Step 4
        _calls.Add("umask", 0x12); // 022
        if (_bundle.Profile == SandboxProfile.Strict) _calls.Add("prctl", PR_SET_NO_NEW_PRIVS, 1);
        // Without that only a process with rights may install it, and after it no right can be used that it refuses.
        else Filter(WorkspaceFilter);
        DropRights();
        _calls.Add("rt_sigaction", SIGPIPE, SystemCallArgument.Pointer(new byte[32]), 0, 8); // struct sigaction of the kernel: the default.
        if (_bundle.Profile == SandboxProfile.Strict) Filter(StrictFilter);
        var arguments = _calls.AddVector([OciDefaults.Agent, .. _bundle.AgentArguments]);
        _calls.Add("execve", OciDefaults.Agent, SystemCallArgument.At(arguments), SystemCallArgument.At(_calls.AddVector(_bundle.Environment)));
    }

    /// <summary>A path inside, relative to the root, in which the process is.</summary>
    private static string Below(string path) => path[1..];

    private static SystemCallArgument Text(string? text) => text is null ? 0L : text;

    private void Mount(string? source, string target, string? fileSystem, long flags, string? data = null) => Mount(default, source, target, fileSystem, flags, data);

    private void Mount(SystemCallRule rule, string? source, string target, string? fileSystem, long flags, string? data = null) =>
        _calls.Add(rule, "mount", Text(source), target, Text(fileSystem), flags, Text(data));

    private void Mount(OciMount mount)
    {
        MakeDirectories(mount.Destination);
        var data = string.Join(',', mount.Options.Where(option => !MountFlags.ContainsKey(option)));
        Mount(mount.Source, Below(mount.Destination), mount.Type, FlagsOf(mount.Options), data.Length == 0 ? null : data);
    }

    private void Bind(string source, string destination)
    {
        MakeDirectories(destination);
        Mount(source, Below(destination), null, MS_BIND);
        // The flags of a bind are those of its source until it is remounted.
        Mount(null, Below(destination), null, MS_REMOUNT | FlagsOf(OciDefaults.BindOptions));
    }

    private static long FlagsOf(IEnumerable<string> options) => options.Aggregate(0L, (flags, option) => flags | MountFlags.GetValueOrDefault(option));

    private void MakeDirectories(string path)
    {
        for (var end = path.IndexOf('/', 1); ; end = path.IndexOf('/', end + 1))
        {
            _calls.Add(new SystemCallRule(Tolerated: ErrnoName.EEXIST), "mkdir", Below(end < 0 ? path : path[..end]), 0x1ed); // 0755
            if (end < 0) return;
        }
    }

    private void MakeDevices()
    {
        foreach (var device in OciDefaults.DeviceFiles)
        {
            _calls.Add(new SystemCallRule(Keeps: true), "open", Below(device), O_CREAT | O_CLOEXEC, 0x1a4); // 0644
            _calls.Add("close", SystemCallArgument.Kept);
            Mount(device, Below(device), null, MS_BIND);
        }

        foreach (var (link, target) in OciDefaults.DeviceLinks) _calls.Add("symlink", target, Below(link));
    }

    private void Set(string key, string value)
    {
        _calls.Add(new SystemCallRule(Keeps: true), "open", "/proc/sys/" + key.Replace('.', '/'), O_WRONLY | O_CLOEXEC);
        _calls.Add("write", SystemCallArgument.Kept, value, value.Length);
        _calls.Add("close", SystemCallArgument.Kept);
    }

    private void MakeReadOnly(string path)
    {
        Mount(new SystemCallRule(Tolerated: ErrnoName.ENOENT), path, path, null, MS_BIND | MS_REC);
        Mount(new SystemCallRule(SystemCallProgram.AfterSuccess), null, path, null, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC);
    }

    /// <summary>Files are covered with the empty one, directories with an empty one; what this kernel lacks needs no cover.</summary>
    private void Mask(string path)
    {
        Mount(new SystemCallRule(Tolerated: ErrnoName.ENOENT, AlsoTolerated: ErrnoName.ENOTDIR), "/dev/null", path, null, MS_BIND);
        Mount(new SystemCallRule(ErrnoName.ENOTDIR), "tmpfs", path, "tmpfs", MS_RDONLY);
    }

    private void DropRights()
    {
        var kept = _bundle.Capabilities.Select(name => CapabilityNumber[name]).ToHashSet();
        for (var capability = 0; capability < CapabilityNumbers; capability++)
            if (!kept.Contains(capability)) _calls.Add(new SystemCallRule(Tolerated: ErrnoName.EINVAL), "prctl", PR_CAPBSET_DROP, capability);
        _calls.Add("setgroups", 0, 0);
        _calls.Add("setresgid", _bundle.User, _bundle.User, _bundle.User);
        _calls.Add("setresuid", _bundle.User, _bundle.User, _bundle.User);

        // capset(2): header, then effective, permitted and inheritable of the lower and the upper half.
        var header = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(header, CapabilityVersion3);
        var sets = new byte[24];
        var lower = kept.Aggregate(0u, static (set, capability) => set | (1u << capability));
        BinaryPrimitives.WriteUInt32LittleEndian(sets, lower);
        BinaryPrimitives.WriteUInt32LittleEndian(sets.AsSpan(4), lower);
        _calls.Add("capset", SystemCallArgument.Pointer(header), SystemCallArgument.Pointer(sets));
        _calls.Add("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    }

    private void Filter(byte[] filter) => _calls.Add("seccomp", 1, 0, SystemCallArgument.At(_calls.AddFilter(filter))); // SECCOMP_SET_MODE_FILTER
}
