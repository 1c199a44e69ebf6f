using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Egress;

/// <summary>Replaces what running sandboxes may connect to.</summary>
internal sealed class SandboxNetworks(NodeEgress node, ISandboxEngine engine, TimeProvider time)
{
    private static readonly TimeSpan InstallTime = TimeSpan.FromSeconds(10);

    /// <summary>What the operator permits.</summary>
    public NodeEgress Node => node;

    /// <summary>What the tier of the node can do.</summary>
    public TierDescription Tier => engine.Tier;

    /// <summary>
    /// Holds from the return on. The first policy with header rules gives the sandbox an authority of its own, which it is made to
    /// trust first. That takes time, in which one that was asked for later may come into force: it stays.
    /// </summary>
    /// <returns>False where one that was asked for later holds.</returns>
    /// <exception cref="SandboxTrustException">The sandbox did not take the certificate; nothing has changed.</exception>
    public async Task<bool> ReplaceAsync(LiveSandbox sandbox, EgressPolicy policy, NetworkSettings asked, CancellationToken cancellationToken)
    {
        var turn = sandbox.TakeNetworkTurn();
        if (policy.HeaderRules.Count > 0)
        {
            var authority = await sandbox.TrustAsync(() => InstallAsync(sandbox)).WaitAsync(cancellationToken).ConfigureAwait(false);
            policy = policy with { Authority = authority };
        }

        return sandbox.TrySetNetwork(turn, policy, asked);
    }

    /// <summary>Does not depend on the request that needed it first: others wait for the same.</summary>
    private async Task<EgressAuthority> InstallAsync(LiveSandbox sandbox)
    {
        using var deadline = new CancellationTokenSource(InstallTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, sandbox.Stopping);
        var authority = EgressAuthority.Create(time.GetUtcNow());
        var environment = new Dictionary<string, string>(SandboxTrust.Variables, StringComparer.Ordinal);
        foreach (var (name, value) in sandbox.Environment) environment[name] = value;
        try
        {
            await SandboxTrust.InstallAsync(sandbox.Agent, authority, either.Token).ConfigureAwait(false);
            await sandbox.Agent.ConfigureAsync(new ConfigureRequest(environment, LiveSandbox.DefaultUser, null), either.Token).ConfigureAwait(false);
            return authority;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or Isolation.Agents.AgentException)
        {
            throw new SandboxTrustException(e);
        }
    }
}

/// <summary>A sandbox did not take the certificate of its authority.</summary>
internal sealed class SandboxTrustException(Exception inner)
    : Exception("The certificate that 'network.rules' needs could not be put into the sandbox.", inner);
