using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Egress;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>The sandboxes that <c>/sandbox/execute</c> makes, finds and removes.</summary>
internal sealed class ExecutionSandboxes(
    ISandboxRegistry registry, KeptSandboxes kept, Departures departures, NodeEgress node,
    IOptions<ExecutionOptions> options)
{
    private const string Template = "base";

    /// <summary>A live sandbox of the tenant, whoever made it; null where there is none.</summary>
    public LiveSandbox? Find(string tenant, string id) => registry.Find(tenant, id);

    /// <summary>What to say of a sandbox that <see cref="Find"/> did not find; its owner is told why it ended.</summary>
    public Problem Missing(string tenant, string id) => registry.WhyEnded(tenant, id) is { } why
        ? ProblemCatalog.Make(
            ProblemCodes.SandboxNotFound,
            $"This sandbox has ended ({SandboxEndNames.NameOf(why)}); leave sandbox_id out to run in a fresh one.")
        : ProblemCatalog.Make(ProblemCodes.SandboxNotFound);

    /// <summary>A fresh strict sandbox with the limits of the plan.</summary>
    public async Task<LiveSandbox> CreateAsync(Caller caller, ExecutionPlan plan, CancellationToken cancellationToken)
    {
        var owner = new SandboxOwner(caller.Tenant, caller.KeyId);
        var spec = new SandboxSpec
        {
            Template = Template, Profile = SandboxProfile.Strict, Limits = plan.Limits, Egress = node.Default,
        };
        // Its ports are closed to who knows no more than its id: the answer's sandbox_id is not a secret.
        var settings = new SandboxSettings
        {
            Template = Template, Timeout = Life(plan), Secured = true, AllowPublicTraffic = false,
        };
        var sandbox = await registry.CreateAsync(owner, spec, settings, cancellationToken).ConfigureAwait(false);
        if (plan.Keep) kept.Add(sandbox);
        return sandbox;
    }

    /// <summary>Holds a kept sandbox while a cell runs in it; null for others.</summary>
    public IDisposable? Use(LiveSandbox sandbox, TimeSpan timeout) => kept.Use(sandbox, timeout);

    /// <summary>Begins to remove a sandbox that nobody needs any more.</summary>
    public Task RemoveAsync(LiveSandbox sandbox) => departures.StartAsync(sandbox);

    // Covers the start of the kernel, the cell and its winding down, so that the end of life is never what ends a cell.
    private TimeSpan Life(ExecutionPlan plan) =>
        plan.Timeout + options.Value.KernelStartTimeout + (2 * options.Value.InterruptGrace) + options.Value.KeptLife;
}
