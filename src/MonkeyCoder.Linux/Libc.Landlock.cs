using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>landlock(7).</content>
public static partial class Libc
{
    // The same on x64 and arm64; glibc has no wrapper.
    private const nint LandlockCreateRulesetNumber = 444;
    private const uint LANDLOCK_CREATE_RULESET_VERSION = 1;

    /// <summary>Version of the Landlock ABI; 0 where the kernel does not have it or has it switched off.</summary>
    public static int LandlockVersion() =>
        (int)Math.Max(0, RawLandlockVersion(LandlockCreateRulesetNumber, 0, 0, LANDLOCK_CREATE_RULESET_VERSION));

    // landlock_create_ruleset(2)
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RawLandlockVersion(nint number, nint attributes, nuint size, uint flags);
}
