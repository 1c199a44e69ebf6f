using System.Buffers.Binary;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Oci;

/// <summary>
/// A filter as the kernel takes it: classic BPF over struct seccomp_data (seccomp(2)), for tiers in which no OCI runtime
/// compiles it. What is not named returns ENOSYS, as <see cref="SeccompProfile"/> says.
/// </summary>
internal static class SeccompProgram
{
    // <linux/bpf_common.h>, <linux/seccomp.h>, <linux/audit.h>
    private const ushort LoadWord = 0x20; // BPF_LD | BPF_W | BPF_ABS
    private const ushort JumpIfEqual = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    private const ushort JumpIfGreaterOrEqual = 0x35; // BPF_JMP | BPF_JGE | BPF_K
    private const ushort JumpAlways = 0x05; // BPF_JMP | BPF_JA
    private const ushort And = 0x54; // BPF_ALU | BPF_AND | BPF_K
    private const ushort Return = 0x06; // BPF_RET | BPF_K
    private const uint Allow = 0x7fff0000; // SECCOMP_RET_ALLOW
    private const uint Errno = 0x00050000; // SECCOMP_RET_ERRNO
    private const uint Ask = 0x7fc00000; // SECCOMP_RET_USER_NOTIF
    private const uint KillProcess = 0x80000000; // SECCOMP_RET_KILL_PROCESS
    private const uint AuditArchX64 = 0xC000003E;
    private const uint X32Bit = 0x40000000;

    private const uint NumberOffset = 0;
    private const uint ArchitectureOffset = 4;
    private const uint ArgumentsOffset = 16;
    private const int InstructionBytes = 8;
    private const int MostInstructions = 4096; // BPF_MAXINSNS

    /// <summary>The instructions, 8 bytes each.</summary>
    /// <exception cref="FormatException">A call has no number, or the program would be too long.</exception>
    public static byte[] Compile(IReadOnlyList<SeccompRule> rules, IReadOnlyDictionary<string, uint> numbers)
    {
        var program = new List<Instruction>
        {
            // A foreign ABI has other numbers: int 0x80 of 32-bit code, and the x32 variants of x64.
            new(LoadWord, ArchitectureOffset), new(JumpIfEqual, AuditArchX64, 1, 0), new(Return, KillProcess),
            new(LoadWord, NumberOffset), new(JumpIfGreaterOrEqual, X32Bit, 0, 1), new(Return, Errno | ErrnoName.ENOSYS),
        };
        foreach (var name in rules.SelectMany(static rule => rule.Names).Distinct(StringComparer.Ordinal))
        {
            if (!numbers.TryGetValue(name, out var number)) throw new FormatException($"seccomp.profile: no number is known for '{name}'.");
            var verdict = VerdictOf([.. rules.Where(rule => rule.Names.Contains(name, StringComparer.Ordinal))]);
            // Conditional jumps reach 255 instructions only.
            program.Add(new Instruction(JumpIfEqual, number, 1, 0));
            program.Add(new Instruction(JumpAlways, (uint)verdict.Count));
            program.AddRange(verdict);
        }

        program.Add(new Instruction(Return, Errno | ErrnoName.ENOSYS));
        return program.Count <= MostInstructions
            ? Encode(program)
            : throw new FormatException($"seccomp.profile: the filter has {program.Count} instructions, and the kernel takes {MostInstructions}.");
    }

    /// <summary>What is decided once the call is known: the first rule whose conditions hold, then the one without any.</summary>
    private static List<Instruction> VerdictOf(IReadOnlyList<SeccompRule> rules)
    {
        var program = new List<Instruction>();
        foreach (var rule in rules.Where(static rule => rule.Conditions.Count > 0))
        {
            var test = new List<Instruction>();
            foreach (var condition in rule.Conditions) AddTest(test, condition);
            // Every test jumps to the end of the rule where it does not hold.
            var length = test.Count + 1;
            for (var i = 0; i < test.Count; i++)
                program.Add(test[i].Code == JumpIfEqual ? test[i] with { IfFalse = (byte)(length - i - 1) } : test[i]);
            program.Add(new Instruction(Return, ActionOf(rule)));
        }

        var otherwise = rules.LastOrDefault(static rule => rule.Conditions.Count == 0);
        program.Add(new Instruction(Return, otherwise is null ? Errno | ErrnoName.ENOSYS : ActionOf(otherwise)));
        return program;
    }

    private static uint ActionOf(SeccompRule rule) => rule.Errno is { } errno ? Errno | (uint)errno : rule.Asks ? Ask : Allow;

    /// <summary>Arguments have 64 bits, of which the filter sees 32 at a time.</summary>
    private static void AddTest(List<Instruction> test, SeccompCondition condition)
    {
        var mask = condition.Mask ?? ulong.MaxValue;
        for (var half = 0; half < 2; half++)
        {
            var (part, value) = ((uint)(mask >> (32 * half)), (uint)(condition.Value >> (32 * half)));
            if (part == 0 && value == 0) continue;
            test.Add(new Instruction(LoadWord, (uint)(ArgumentsOffset + (8 * condition.Argument) + (4 * half))));
            if (part != uint.MaxValue) test.Add(new Instruction(And, part));
            test.Add(new Instruction(JumpIfEqual, value));
        }
    }

    private static byte[] Encode(List<Instruction> program)
    {
        // struct sock_filter: code, jt, jf, k.
        var bytes = new byte[program.Count * InstructionBytes];
        for (var i = 0; i < program.Count; i++)
        {
            var target = bytes.AsSpan(i * InstructionBytes);
            BinaryPrimitives.WriteUInt16LittleEndian(target, program[i].Code);
            target[2] = program[i].IfTrue;
            target[3] = program[i].IfFalse;
            BinaryPrimitives.WriteUInt32LittleEndian(target[4..], program[i].Operand);
        }

        return bytes;
    }

    private readonly record struct Instruction(ushort Code, uint Operand, byte IfTrue = 0, byte IfFalse = 0);
}
