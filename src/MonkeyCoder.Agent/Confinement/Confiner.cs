using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Confinement;

/// <summary>
/// Builds the walls of a sandbox around this process where the host has no namespaces, then becomes the agent inside them, or its
/// gatekeeper where connections leave the sandbox. Nothing runs half confined.
/// </summary>
internal static class Confiner
{
    /// <summary>Confines this process as the plan in the file says, and executes the agent; or starts it and stays its gatekeeper.</summary>
    /// <returns>How the agent ended, as the exit code of this process; only where it was started.</returns>
    /// <exception cref="SyscallException">A wall could not be built.</exception>
    /// <exception cref="InvalidDataException">The file holds no plan.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static int Run(string planFile)
    {
        var reader = new WireReader(File.ReadAllBytes(planFile));
        var plan = ConfinePlan.Read(ref reader);

        // 1. What only root may do. Limits first: some of them count from here on.
        foreach (var limit in plan.Limits) Libc.SetOwnLimit(limit.Resource, (ulong)limit.Soft, (ulong)limit.Hard);
        Libc.SetNice(plan.Nice);
        // There is none in the new root. Of no use to anybody inside: the descriptor ends with the exec, and Landlock opens nothing below it.
        using var processes = plan.GatePort == 0 ? null : Libc.OpenPlace("/proc");
        var local = plan.GatePort == 0 ? default : LocalPorts.OfSandboxes();
        Libc.ChangeRoot(plan.Root);
        Libc.DropBoundingCapabilities();

        // 2. One user, no group besides, and with that no capability.
        var user = (uint)plan.UserId;
        Libc.SetThreadIds(user, user, user, []);
        Libc.ForbidNewPrivileges();

        // 3. The walls that nobody takes down. The filter comes last: it refuses what builds the others.
        using (var rules = Libc.CreateLandlockRuleset())
        {
            Libc.AllowBelow(rules, "/", LandlockAccess.Read);
            foreach (var directory in plan.Writable) Libc.AllowBelow(rules, directory, LandlockAccess.All);
            foreach (var device in plan.Devices) Libc.AllowBelow(rules, device, LandlockAccess.Use);
            if (plan.GatePort != 0)
            {
                // The gatekeeper's own; the agent and all else are denied them once more.
                Libc.AllowConnecting(rules, plan.GatePort);
                Libc.AllowBindingToAnyFreePort(rules);
            }

            Libc.RestrictSelf(rules);
        }

        if (processes is not null) return GuardedAgent.Run(plan, processes, local);
        Libc.InstallFilter(plan.Filter.Span);

        // 4. Only the calling thread has been confined; the others end with the exec.
        Libc.Execute(plan.Program, [plan.Program], plan.Environment);
        return 0;
    }
}
