using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Confinement;

/// <summary>
/// Builds the walls of a sandbox around this process where the host has no namespaces, then becomes the agent inside them. Comes
/// back only by failing: nothing runs half confined.
/// </summary>
internal static class Confiner
{
    /// <summary>Confines this process as the plan in the file says, and executes the agent.</summary>
    /// <exception cref="SyscallException">A wall could not be built.</exception>
    /// <exception cref="InvalidDataException">The file holds no plan.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static void Run(string planFile)
    {
        var reader = new WireReader(File.ReadAllBytes(planFile));
        var plan = ConfinePlan.Read(ref reader);

        // 1. What only root may do. Limits first: some of them count from here on.
        foreach (var limit in plan.Limits) Libc.SetOwnLimit(limit.Resource, (ulong)limit.Soft, (ulong)limit.Hard);
        Libc.SetNice(plan.Nice);
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
            Libc.RestrictSelf(rules);
        }

        Libc.InstallFilter(plan.Filter.Span);

        // 4. Only the calling thread has been confined; the others end with the exec.
        Libc.Execute(plan.Program, [plan.Program], plan.Environment);
    }
}
