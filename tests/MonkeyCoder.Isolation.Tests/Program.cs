using MonkeyCoder.Isolation.Tests.Reclaim;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace MonkeyCoder.Isolation.Tests;

/// <summary>The test program, and the engine that tests kill.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        if (CrashingEngine.Role is { } role) return await CrashingEngine.RunAsync(role);
        return arguments.Any(argument => argument is "--server" or "--internal-msbuild-node")
            ? await TestPlatformTestFramework.RunAsync(arguments, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : await ConsoleRunner.Run(arguments);
    }
}
