using System.Text.RegularExpressions;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Node;

/// <summary>What of the host no sandbox may change: device nodes, settings of the kernel, and the kernel's own health.</summary>
internal sealed partial class HostState
{
    private static readonly string[] Devices = ["null", "zero", "full", "random", "urandom", "tty", "ptmx"];

    private static readonly string[] Settings =
        ["kernel/core_pattern", "kernel/modprobe", "kernel/hostname", "vm/overcommit_memory", "net/ipv4/ip_forward"];

    private readonly IReadOnlyList<string> _facts;

    private HostState(IReadOnlyList<string> facts) => _facts = facts;

    public static async Task<HostState> ReadAsync() => new(
    [
        .. Devices.Select(static name => $"{name} {File.GetUnixFileMode("/dev/" + name)}"),
        .. (await RunAsync("stat", ["-c", "%n %u:%g %t:%T", .. Devices.Select(static name => "/dev/" + name)])).Split('\n'),
        // Not every kernel has each.
        .. Settings.Where(static name => File.Exists("/proc/sys/" + name)).Select(static name => $"{name} {File.ReadAllText("/proc/sys/" + name).Trim()}"),
        $"faults of the kernel {KernelFault().Count(await RunAsync("dmesg", []))}",
    ]);

    /// <summary>Fails where something is different now.</summary>
    public async Task AssertUnchangedAsync() => Assert.Equal(_facts, (await ReadAsync())._facts);

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments) =>
        (await Commands.RunAsync(program, arguments, "/", new Dictionary<string, string>(), CancellationToken.None)).Stdout;

    [GeneratedRegex(@"\b(BUG:|WARNING: CPU|Oops)")]
    private static partial Regex KernelFault();
}
