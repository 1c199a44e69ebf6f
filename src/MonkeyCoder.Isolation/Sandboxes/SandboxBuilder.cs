using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Launch;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Isolation.Reclaim;
using MonkeyCoder.Isolation.Zygotes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>Makes sandboxes.</summary>
/// <remarks>
/// <para>1. The record, so that whatever comes after can be found again.</para>
/// <para>2. A uid range, cgroups with their limits, pieces of the store with their owners.</para>
/// <para>3. The root: template layers as the range sees them, under the sandbox's own layer; and the bundle. Before it the door for its
/// connections, where it has no network of its own.</para>
/// <para>4. The agent's socket, listening already: who connects early waits, and nobody has to look whether it is there.</para>
/// <para>5. The launch.</para>
/// <para>6. The way out: the node's sockets in the new network namespace, taken before anything of a user runs.</para>
/// <para>7. The first answer of the agent.</para>
/// </remarks>
/// <param name="node">Shared parts.</param>
/// <param name="removals">Removes what fails, and holds launches up while there is too much to remove.</param>
/// <param name="connect">Makes the client for an agent's socket.</param>
/// <param name="zygotes">Where kernels are forked from; null where they are not.</param>
/// <param name="logger">For sandboxes.</param>
internal sealed class SandboxBuilder(
    EngineNode node, RemovalQueue removals, Func<string, IKernelForks?, ISandboxAgent> connect, NodeZygotes? zygotes, ILogger logger)
{
    private const int SocketBacklog = 512;

    /// <summary>A sandbox whose agent answers. On failure nothing of it runs, and what is left of it is being removed.</summary>
    /// <exception cref="SandboxLaunchException">The runtime or the agent failed, or took too long.</exception>
    /// <exception cref="SyscallException">Something it needs could not be made.</exception>
    public async Task<Sandbox> BuildAsync(SandboxSpec spec, TemplateLayers template, CancellationToken cancellationToken)
    {
        var id = SandboxId.New();
        var started = node.Time.GetTimestamp();
        using var deadline = new CancellationTokenSource(node.Options.LaunchTimeout, node.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
#pragma warning disable CA2000 // Undone below on failure, else released to the sandbox; await using would hide the failure.
        var resources = new OwnedResources(node.Options.TeardownTimeout, node.Time);
#pragma warning restore CA2000
        try
        {
            await removals.WaitForRoomAsync(either.Token).ConfigureAwait(false);
            var sandbox = await BuildAsync(id, spec, template, resources, either.Token).ConfigureAwait(false);
            logger.Launched(id, spec.Template, spec.Profile, node.Time.GetElapsedTime(started).TotalMilliseconds);
            return sandbox;
        }
        catch (Exception e)
        {
            await UndoAsync(id, resources).ConfigureAwait(false);
            if (e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                throw new SandboxLaunchException($"Sandbox {id} did not start within {node.Options.LaunchTimeout.TotalSeconds:0} s.", e);
            throw;
        }
    }

    private async Task<Sandbox> BuildAsync(
        SandboxId id, SandboxSpec spec, TemplateLayers template, OwnedResources resources, CancellationToken cancellationToken)
    {
        // :: Step 1
        UidRange? range = null;
        resources.Push(limit => removals.EndAsync(id, range, limit));
        new SandboxRecord(id.Value, spec.Template, template.Version, spec.Profile, node.Time.GetUtcNow()).Save(node.Paths, id);

        // :: Step 2
        var ids = node.Slots.Claim(id);
        range = ids;
        node.Cgroups.Create(node.Paths.Cgroup(id));
        node.Cgroups.SetLimits(node.Paths.Cgroup(id), node.Ground.GroupLimits(spec.Limits));
        node.Cgroups.ConfineDevices(node.Paths.Cgroup(id), OciDefaults.Devices);
        var volumes = SandboxVolumes.Create(node.Spares, id, node.Ground.OwnersIn(ids), spec.Limits.DiskBytes);

        // :: Step 3
#pragma warning disable CA2000 // The stack owns it.
        var door = node.Ground.UsesDoor ? resources.Push(EgressDoor.Open()) : null;
#pragma warning restore CA2000
        node.Ground.Prepare(id, spec, ids, template, volumes, door);

        // :: Step 4
        Directory.CreateDirectory(node.Paths.SandboxRunDirectory(id), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var log = resources.Push(new LogPipe(node.Events));
        LaunchedInit init;
        using (var socket = node.Ground.AgentListens ? null : Libc.ListenUnix(node.Paths.AgentSocket(id), SocketBacklog))
        {
            // :: Step 5
            var request = new LaunchRequest(id, node.Paths.BundleDirectory(id), node.Paths.PidFile(id), socket, log, template.Layers);
            init = await node.Launcher.LaunchAsync(request, cancellationToken).ConfigureAwait(false);
        }

        // OCI runtimes allow devices of their own again.
        node.Cgroups.ConfineDevices(node.Paths.Cgroup(id), OciDefaults.Devices);
        // Only the agent has the socket now: when it is gone, connecting is refused.
        var process = resources.Push(new SandboxProcess(init, node.Exits));
        resources.Push(limit => process.KillAsync(() => node.Cgroups.SetFrozen(node.Paths.Cgroup(id), false), limit));

        // :: Step 6
#pragma warning disable CA2000 // The way out owns the sockets, and the stack owns it: closed first, so before the kill.
        var egress = resources.PushAsync(node.Gateway.Open(id, node.Ground.HasOwnNetwork ? EgressSockets.Open(init.Pidfd) : null, spec.Limits.NetworkMbps));
#pragma warning restore CA2000
        egress.Owner = spec.Owner;
        egress.SetPolicy(spec.Egress);
        if (door is not null) egress.Serve(door);

        // :: Step 7
        var forks = zygotes?.Of(template) is { } ofTemplate ? new KernelForks(id, spec.Profile, ids, process, ofTemplate, node) : null;
        var agent = connect(init.SocketPath ?? node.Paths.AgentSocket(id), forks);
        await AwaitAgentAsync(id, agent, process, log, cancellationToken).ConfigureAwait(false);
        return new Sandbox(id, spec, template.Version, node, logger)
        {
            Agent = agent,
            Process = process,
            Volumes = volumes,
            Files = new FileCount(id, node.Paths.Cgroup(id), volumes, spec.Limits.Files),
            Log = log,
            Egress = egress,
            Resources = resources.Release(),
        };
    }

    private static async Task AwaitAgentAsync(
        SandboxId id, ISandboxAgent agent, SandboxProcess process, LogPipe log, CancellationToken cancellationToken)
    {
        try
        {
            var ping = agent.PingAsync(cancellationToken);
            if (await Task.WhenAny(ping, process.Ended).ConfigureAwait(false) == ping) await ping.ConfigureAwait(false);
            else throw new SandboxLaunchException($"The agent of sandbox {id} ended before it served: {log.Tail}");
        }
        catch (AgentUnreachableException e)
        {
            throw new SandboxLaunchException($"The agent of sandbox {id} does not answer: {log.Tail}", e);
        }
    }

    private async Task UndoAsync(SandboxId id, OwnedResources resources)
    {
        try
        {
            await resources.DisposeAsync().ConfigureAwait(false);
        }
        catch (AggregateException e)
        {
            // The failure of the launch itself goes to the caller; what is left now is found at the next start.
            logger.RemoveFailed(e, id);
        }
    }
}
