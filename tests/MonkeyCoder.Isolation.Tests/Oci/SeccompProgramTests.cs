using System.Buffers.Binary;
using System.Text.Json.Nodes;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Oci;

/// <summary>The compiled filter against the rules it came from, run by a small machine for classic BPF.</summary>
public sealed class SeccompProgramTests
{
    private const uint X64 = 0xC000003E;
    private const uint I386 = 0x40000003;
    private const uint Allow = 0x7fff0000;
    private const uint Refuse = 0x00050000;
    private const uint Ask = 0x7fc00000;
    private const uint Kill = 0x80000000;

    private static readonly IReadOnlyDictionary<string, uint> Numbers = SyscallNumbers.Read();

    [Fact]
    public void Compile_EveryRule_DecidesAsTheSourceSays()
    {
        var program = SeccompProfile.CompileUnprivileged(unixSockets: true, network: false);

        Assert.Equal(Allow, Run(program, "read"));
        Assert.Equal(Allow, Run(program, "execve"));
        Assert.Equal(Refuse | ErrnoName.EPERM, Run(program, "unshare"));
        Assert.Equal(Refuse | ErrnoName.EPERM, Run(program, "ptrace"));
        Assert.Equal(Refuse | ErrnoName.ENOSYS, Run(program, "clone3"));
        Assert.Equal(Refuse | ErrnoName.ENOSYS, Run(program, "io_uring_setup"));
        Assert.Equal(Refuse | ErrnoName.ENOSYS, Run(program, "memfd_create"));
        Assert.Equal(Refuse, Run(program, "sync"));
        Assert.Equal(Allow, Run(program, "clone", 0x01200011));
        Assert.Equal(Refuse | ErrnoName.ENOSYS, Run(program, "clone", 0x10000000));
        Assert.Equal(Refuse | ErrnoName.ENOSYS, Run(program, "clone", 0x00020000));
        Assert.Equal(Allow, Run(program, "ioctl", 0, 0x5401));
        Assert.Equal(Allow, Run(program, "ioctl", 0, 0xdeadbeef_00005401));
        Assert.Equal(Allow, Run(program, "ioctl", 0, 0x8912));
        Assert.Equal(Refuse | ErrnoName.ENOSYS, Run(program, "ioctl", 0, 0x5412));
        Assert.Equal(Allow, Run(program, "personality", 0xffffffff));
        Assert.Equal(Refuse | ErrnoName.ENOSYS, Run(program, "personality", 0x1_00000000));
        Assert.Equal(Refuse | ErrnoName.ENOSYS, Run(program, "personality", 0x0040000));
    }

    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public void Compile_Profile_DecidesAsTheFilterForTheOciRuntime(SandboxProfile profile)
    {
        var program = SeccompProfile.Compile(profile);
        var rules = JsonNode.Parse(SeccompProfile.Render(profile))!["syscalls"]!.AsArray();

        foreach (var name in Numbers.Keys)
        {
            var named = rules.Where(rule => rule!["names"]!.AsArray().Any(other => (string)other! == name)).ToArray();
            var conditions = named.SelectMany(static rule => rule!["args"]?.AsArray() ?? []).ToArray();
            ulong[] values = [0, ulong.MaxValue, .. conditions.SelectMany(static condition => Around(condition!))];
            foreach (var value in values)
            {
                foreach (var other in values.Distinct())
                {
                    ulong[] arguments = [value, other, other];
                    Assert.Equal((name, Decide(named!, arguments)), (name, Run(program, name, arguments)));
                    arguments = [value, value, other];
                    Assert.Equal((name, Decide(named!, arguments)), (name, Run(program, name, arguments)));
                }
            }
        }
    }

    [Theory]
    [InlineData(true, Allow)]
    [InlineData(false, Refuse | 97)]
    public void CompileUnprivileged_Sockets_AreUnixOnesOrNone(bool unixSockets, uint unix)
    {
        var program = SeccompProfile.CompileUnprivileged(unixSockets, network: false);

        Assert.Equal(unix, Run(program, "socket", 1));
        foreach (var family in new ulong[] { 0, 2, 10, 16, 17, 40 }) Assert.Equal(Refuse | 97u, Run(program, "socket", family, 1, 6));
        Assert.Equal(Allow, Run(program, "socketpair", 1));
    }

    [Fact]
    public void CompileUnprivileged_WithANetwork_AsksForTcpAndTakesNothingThatPassesTheGatekeeper()
    {
        var program = SeccompProfile.CompileUnprivileged(unixSockets: true, network: true);

        Assert.Equal(Ask, Run(program, "connect", 3, 0, 16));
        Assert.Equal(Ask, Run(program, "socket", 2, 1));
        Assert.Equal(Ask, Run(program, "socket", 2, 0x80801, 6));
        Assert.Equal(Allow, Run(program, "socket", 1, 1));
        foreach (var (type, protocol) in new (ulong, ulong)[] { (2, 0), (3, 1), (1, 262), (5, 132), (1, 17) })
            Assert.Equal(Refuse | 97u, Run(program, "socket", 2, type, protocol));
        foreach (var family in new ulong[] { 0, 10, 16, 17, 40, 43 }) Assert.Equal(Refuse | 97u, Run(program, "socket", family, 1));
        Assert.Equal(Allow, Run(program, "sendto", 3, 0, 1, 0x4000));
        Assert.Equal(Refuse | ErrnoName.EOPNOTSUPP, Run(program, "sendto", 3, 0, 1, 0x20004000));
        Assert.Equal(Refuse | ErrnoName.EOPNOTSUPP, Run(program, "sendmsg", 3, 0, 0xdead_20000000));
        Assert.Equal(Refuse | ErrnoName.EOPNOTSUPP, Run(program, "sendmmsg", 3, 0, 1, 0x20000000));
        Assert.Equal(Allow, Run(program, "setsockopt", 3, 6, 1));
        Assert.Equal(Allow, Run(program, "setsockopt", 3, 1, 20));
        foreach (var (level, name) in new (ulong, ulong)[] { (0, 4), (6, 30), (6, 31), (41, 1), (0, 51), (0x1_00000000, 51), (0x1_00000001, 20) })
            Assert.Equal(Refuse | 92u, Run(program, "setsockopt", 3, level, name));
        foreach (var (level, name) in new (ulong, ulong)[] { (1, 25), (1, 62), (1, 0x1_00000019), (1, 0xdead_0000003e), (0x1_00000001, 25), (0x1_00000001, 0x1_0000003e) })
            Assert.Equal(Refuse | ErrnoName.EPERM, Run(program, "setsockopt", 3, level, name));
        Assert.Equal(Refuse | ErrnoName.EPERM, Run(program, "pidfd_getfd"));
    }

    [Fact]
    public void CompileGatekeeper_Calls_AreThoseOfTheGatekeeperOnly()
    {
        var program = SeccompProfile.CompileGatekeeper();

        Assert.Equal(Allow, Run(program, "connect", 3, 0, 16));
        Assert.Equal(Allow, Run(program, "process_vm_readv"));
        Assert.Equal(Allow, Run(program, "socket", 2, 0x80801));
        Assert.Equal(Refuse | 97u, Run(program, "socket", 2, 2));
        Assert.Equal(Refuse | 97u, Run(program, "socket", 10, 1));
        Assert.Equal(Allow, Run(program, "ioctl", 3, 0xc0502100));
        Assert.Equal(Refuse | ErrnoName.EPERM, Run(program, "process_vm_writev"));
        Assert.Equal(Refuse | ErrnoName.EPERM, Run(program, "ptrace"));
    }

    [Fact]
    public void Compile_ForeignAbi_IsRefused()
    {
        var program = SeccompProfile.CompileUnprivileged(unixSockets: true, network: false);

        Assert.Equal(Kill, Run(program, Numbers["read"], I386));
        Assert.Equal(Refuse | ErrnoName.ENOSYS, Run(program, Numbers["read"] | 0x40000000, X64));
        Assert.Equal(Refuse | ErrnoName.ENOSYS, Run(program, 9999, X64));
    }

    [Fact]
    public void Compile_UnknownName_NamesIt() => Assert.Contains(
        "no_such_call",
        Assert.Throws<FormatException>(() => SeccompProgram.Compile([new SeccompRule(null, ["no_such_call"], [])], Numbers)).Message,
        StringComparison.Ordinal);

    /// <summary>What satisfies a condition, and what just does not.</summary>
    private static IEnumerable<ulong> Around(JsonNode condition)
    {
        var value = (ulong)(condition["valueTwo"] ?? condition["value"]!);
        return [value, value ^ 1, value ^ (1UL << 40), value | 0xff, value + 0x100];
    }

    /// <summary>The action of an entry whose conditions hold, then of one that has none, then the default: seccomp(2) through libseccomp.</summary>
    private static uint Decide(JsonNode[] rules, ulong[] arguments)
    {
        var rule = rules.FirstOrDefault(rule => rule["args"] is { } args && args.AsArray().All(condition => Holds(condition!, arguments)))
            ?? rules.LastOrDefault(static rule => rule["args"] is null);
        if (rule is null) return Refuse | ErrnoName.ENOSYS;
        return (string)rule["action"]! == "SCMP_ACT_ALLOW" ? Allow : Refuse | (uint)rule["errnoRet"]!;
    }

    private static bool Holds(JsonNode condition, ulong[] arguments)
    {
        var argument = arguments[(int)condition["index"]!];
        var value = (ulong)condition["value"]!;
        return (string)condition["op"]! == "SCMP_CMP_EQ" ? argument == value : (argument & value) == (ulong)condition["valueTwo"]!;
    }

    private static uint Run(byte[] program, string name, params ulong[] arguments) => Run(program, Numbers[name], X64, arguments);

    private static uint Run(byte[] program, uint number, uint architecture, params ulong[] arguments)
    {
        var data = new byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(data, number);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(4), architecture);
        for (var i = 0; i < arguments.Length; i++) BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(16 + (8 * i)), arguments[i]);
        var accumulator = 0u;
        for (var at = 0; ; at++)
        {
            var instruction = program.AsSpan(at * 8, 8);
            var operand = BinaryPrimitives.ReadUInt32LittleEndian(instruction[4..]);
            switch (BinaryPrimitives.ReadUInt16LittleEndian(instruction))
            {
                case 0x20: accumulator = BinaryPrimitives.ReadUInt32LittleEndian(data.AsSpan((int)operand)); break;
                case 0x54: accumulator &= operand; break;
                case 0x05: at += (int)operand; break;
                case 0x15: at += accumulator == operand ? instruction[2] : instruction[3]; break;
                case 0x35: at += accumulator >= operand ? instruction[2] : instruction[3]; break;
                case 0x06: return operand;
                default: throw new InvalidDataException($"Instruction {at} is not one of the compiler's.");
            }
        }
    }
}
