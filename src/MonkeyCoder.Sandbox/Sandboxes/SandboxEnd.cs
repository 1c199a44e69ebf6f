using System.Diagnostics;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>Why a sandbox ended.</summary>
internal enum SandboxEnd
{
    Killed,
    Timeout,
    Idle,
    Died,
    OutOfMemory,
    Shutdown,
    PausedTooLong,
}

/// <summary>Names of the reasons, as callers see them; those of limits are the names of the limits.</summary>
internal static class SandboxEndNames
{
    public const string Life = "life";
    public const string Idle = "idle";
    public const string Memory = "memory";

    public static string NameOf(SandboxEnd why) => why switch
    {
        SandboxEnd.Killed => "killed",
        SandboxEnd.Timeout => Life,
        SandboxEnd.Idle => Idle,
        SandboxEnd.Died => "died",
        SandboxEnd.OutOfMemory => Memory,
        SandboxEnd.Shutdown => "shutdown",
        SandboxEnd.PausedTooLong => "paused",
        _ => throw new UnreachableException(),
    };
}
