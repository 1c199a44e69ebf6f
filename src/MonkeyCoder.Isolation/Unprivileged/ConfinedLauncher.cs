using System.Globalization;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Launch;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>Starts the agent of a sandbox's own root with a plan of the walls that it builds around itself.</summary>
internal sealed class ConfinedLauncher : ILauncher
{
    /// <summary>Name of the plan in the bundle directory.</summary>
    public const string PlanFile = "confine";

    /// <summary>oom_score_adj: goes before the node where memory runs out.</summary>
    private const int OutOfMemoryScore = 500;

    public Task<LaunchedInit> LaunchAsync(LaunchRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var plan = Path.Combine(request.BundleDirectory, PlanFile);
        var reader = new WireReader(File.ReadAllBytes(plan));
        var agent = ConfinePlan.Read(ref reader).Root + OciDefaults.Agent;
        var (stdin, stdinWriter) = Libc.Pipe();
        using (stdin)
        {
            stdinWriter.Dispose();
            var pid = Libc.Spawn(new SpawnRequest
            {
                Path = agent,
                Arguments = [agent, "--confine", plan],
                WorkingDirectory = "/",
                Descriptors =
                [
                    new(stdin, 0), new(request.Log.Writer, 1), new(request.Log.Writer, 2), new(request.AgentSocket!, 3),
                ],
            });
            request.Log.Writer.Dispose();
            CgroupFile.WriteIfThere(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/oom_score_adj"), OutOfMemoryScore);
#pragma warning disable CA2000 // It goes to the caller inside the record.
            return Task.FromResult(new LaunchedInit(pid, Libc.OpenPidfd(pid)));
#pragma warning restore CA2000
        }
    }
}
