using MonkeyCoder.Security.Tests.Corpus;

namespace MonkeyCoder.Security.Tests.Controls;

/// <summary>
/// Cases in a container that has root, all capabilities and no filter, and into which secrets leak (<c>Tools/weak-container.sh</c>).
/// Chosen are cases whose success is harmless to the machine they run on, and does not depend on how it is set up.
/// </summary>
[Trait("Needs", "root")]
public sealed class WeakContainerTests
{
    private static readonly string[] Namespaces = ["--net", "--ipc", "--uts"];

    /// <summary>What each of them looks for is there, as it says; all are held in a sandbox (<c>InsideCasesTests</c>).</summary>
    private static readonly Dictionary<string, string> Breaches = new()
    {
        ["ESC-001"] = "root",
        ["ESC-003"] = "capabilities",
        ["ESC-005"] = "no filter of system calls",
        ["ESC-009"] = "a way to root",
        ["ESC-020"] = "user namespaces",
        ["ESC-030"] = "the host's devices",
        ["ESC-035"] = "a root file system that is not read-only",
        ["ESC-036"] = "places to write to outside its own",
        ["ESC-045"] = "the host's user ids",
        ["ESC-050"] = "the host's processes",
        ["ESC-052"] = "a secret in the environment",
        ["ESC-058"] = "processes with another root",
        ["ESC-061"] = "a directory outside that is still open",
        ["ESC-100"] = "addresses of the kernel",
        ["ESC-102"] = "files of the kernel that tell of the host",
        ["ESC-104"] = "the host's disks",
        ["ESC-106"] = "a network card",
        ["ESC-108"] = "memory of a neighbour",
        ["ESC-111"] = "a credential",
        ["ESC-115"] = "a password in the settings of a proxy",
        ["ESC-120"] = "the host's /dev",
        ["RES-045"] = "files without a limit to their size",
    };

    // In the same container, with nothing there for them to find.
    private static readonly string[] Harmless = ["ESC-044"];

    [Fact]
    public async Task Programs_InAWeakContainer_BreachWhereWhatTheyLookForIsThere()
    {
        var verdicts = await ControlRun.RunAsync([.. Breaches.Keys, .. Harmless], Namespaces, "weak-container.sh");

        Assert.Equal(Breaches.Keys.Order(StringComparer.Ordinal), verdicts.Where(static verdict => verdict.Value == Verdict.Breach).Select(static verdict => verdict.Key).Order(StringComparer.Ordinal));
    }
}
