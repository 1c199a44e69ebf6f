using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <summary>What code may do below a path: LANDLOCK_ACCESS_FS_* of landlock(7).</summary>
[Flags]
public enum LandlockAccess : ulong
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>Executing, reading files, listing directories.</summary>
    Read = 1 << 0 | 1 << 2 | 1 << 3,
    /// <summary>Opening files for reading and writing, without making or truncating any: for devices.</summary>
    Use = 1 << 1 | 1 << 2 | 1 << 15,
    /// <summary>All that the version of the kernel knows.</summary>
    All = (1 << 16) - 1,
}

/// <content>landlock(7).</content>
public static partial class Libc
{
    // The same on x64 and arm64; glibc has no wrappers.
    private const nint LandlockCreateRulesetNumber = 444;
    private const nint LandlockAddRuleNumber = 445;
    private const nint LandlockRestrictSelfNumber = 446;
    private const uint LANDLOCK_CREATE_RULESET_VERSION = 1;
    private const uint LANDLOCK_RULE_PATH_BENEATH = 1;

    private const uint LANDLOCK_RULE_NET_PORT = 2;

    // LANDLOCK_ACCESS_NET_BIND_TCP and _CONNECT_TCP; LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET and _SIGNAL.
    private const ulong LandlockAllOfTcp = LandlockBindTcp | LandlockConnectTcp;
    private const ulong LandlockBindTcp = 1;
    private const ulong LandlockConnectTcp = 2;
    private const ulong LandlockAllScopes = 3;

    private const int O_PATH = 0x200000;

    /// <summary>First version that knows of TCP.</summary>
    public const int LandlockVersionWithTcp = 4;

    /// <summary>First version that keeps abstract unix sockets and signals within the domain.</summary>
    public const int LandlockVersionWithScopes = 6;

    /// <summary>Version of the Landlock ABI; 0 where the kernel does not have it or has it switched off.</summary>
    public static int LandlockVersion() =>
        (int)Math.Max(0, RawLandlockCreate(LandlockCreateRulesetNumber, 0, 0, LANDLOCK_CREATE_RULESET_VERSION));

    /// <summary>
    /// An empty set of rules that, once it is enforced, refuses everything that this kernel's version of Landlock can refuse: every
    /// access to files, TCP (from version 4), and abstract sockets and signals across its border (from version 6).
    /// </summary>
    /// <exception cref="SyscallException">EOPNOTSUPP: switched off; ENOSYS: not there.</exception>
    public static FileDescriptor CreateLandlockRuleset()
    {
        var version = LandlockVersion();
        // struct landlock_ruleset_attr: handled_access_fs, handled_access_net, scoped. Older kernels refuse the longer forms.
        Span<byte> attributes = stackalloc byte[24];
        BinaryPrimitives.WriteUInt64LittleEndian(attributes, HandledAccess(version));
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[8..], LandlockAllOfTcp);
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[16..], LandlockAllScopes);
        var size = version >= LandlockVersionWithScopes ? 24 : version >= LandlockVersionWithTcp ? 16 : 8;
        var number = RawLandlockCreateWith(LandlockCreateRulesetNumber, attributes, (nuint)size, 0);
        return number >= 0 ? new FileDescriptor((int)number) : throw Failed("landlock_create_ruleset", $"version {version}");
    }

    /// <summary>An empty set of rules about TCP alone: once it is enforced, no connecting and no binding is left.</summary>
    /// <exception cref="SyscallException">EOPNOTSUPP, ENOSYS; E2BIG: before <see cref="LandlockVersionWithTcp"/>.</exception>
    public static FileDescriptor CreateLandlockTcpRuleset()
    {
        Span<byte> attributes = stackalloc byte[16];
        attributes.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(attributes[8..], LandlockAllOfTcp);
        var number = RawLandlockCreateWith(LandlockCreateRulesetNumber, attributes, (nuint)attributes.Length, 0);
        return number >= 0 ? new FileDescriptor((int)number) : throw Failed("landlock_create_ruleset", "TCP");
    }

    /// <summary>Lets code connect to a TCP port, of whatever address.</summary>
    /// <exception cref="SyscallException">EINVAL: no rules about TCP.</exception>
    public static void AllowConnecting(FileDescriptor ruleset, int port) => AllowPort(ruleset, LandlockConnectTcp, port);

    /// <summary>Lets code bind TCP sockets to no port in particular.</summary>
    /// <exception cref="SyscallException">EINVAL: no rules about TCP.</exception>
    public static void AllowBindingToAnyFreePort(FileDescriptor ruleset) => AllowPort(ruleset, LandlockBindTcp, 0);

    /// <summary>Lets code do something at and below a path.</summary>
    /// <exception cref="SyscallException">ENOENT, ENOMEM.</exception>
    public static void AllowBelow(FileDescriptor ruleset, string path, LandlockAccess access)
    {
        using var target = Open(path, O_PATH | O_CLOEXEC, 0);
        var allowed = (ulong)access & HandledAccess(LandlockVersion());
        // Rights of directories mean nothing on a file, and are refused there.
        if (Status(target).Kind != FileKind.Directory) allowed &= (ulong)(LandlockAccess.Use | LandlockAccess.Read) & ~(1UL << 3);
        // struct landlock_path_beneath_attr, packed: allowed_access, parent_fd.
        Span<byte> rule = stackalloc byte[12];
        BinaryPrimitives.WriteUInt64LittleEndian(rule, allowed);
        BinaryPrimitives.WriteInt32LittleEndian(rule[8..], target.Number);
        if (RawLandlockAdd(LandlockAddRuleNumber, ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0) != 0) throw Failed("landlock_add_rule", path);
    }

    /// <summary>Enforces the rules on the calling thread and what it starts or executes, for ever. Needs no new privileges to be set.</summary>
    /// <exception cref="SyscallException">EPERM, E2BIG.</exception>
    public static void RestrictSelf(FileDescriptor ruleset)
    {
        if (RawLandlockRestrict(LandlockRestrictSelfNumber, ruleset, 0) != 0) throw Failed("landlock_restrict_self", "this thread");
    }

    private static void AllowPort(FileDescriptor ruleset, ulong access, int port)
    {
        // struct landlock_net_port_attr: allowed_access, port.
        Span<byte> rule = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(rule, access);
        BinaryPrimitives.WriteUInt64LittleEndian(rule[8..], (ulong)port);
        if (RawLandlockAdd(LandlockAddRuleNumber, ruleset, LANDLOCK_RULE_NET_PORT, rule, 0) != 0) throw Failed("landlock_add_rule", $"port {port}");
    }

    /// <summary>Rights that a version knows: REFER came with 2, TRUNCATE with 3, IOCTL_DEV with 5.</summary>
    internal static ulong HandledAccess(int version) => version switch
    {
        <= 1 => (1UL << 13) - 1,
        2 => (1UL << 14) - 1,
        3 or 4 => (1UL << 15) - 1,
        _ => (1UL << 16) - 1,
    };

    // landlock_create_ruleset(2), landlock_add_rule(2), landlock_restrict_self(2)
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RawLandlockCreate(nint number, nint attributes, nuint size, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RawLandlockCreateWith(nint number, ReadOnlySpan<byte> attributes, nuint size, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RawLandlockAdd(nint number, FileDescriptor ruleset, nuint type, ReadOnlySpan<byte> rule, nuint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RawLandlockRestrict(nint number, FileDescriptor ruleset, nuint flags);
}
