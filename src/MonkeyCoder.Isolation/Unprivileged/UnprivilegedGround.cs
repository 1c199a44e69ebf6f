using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>A root of hard links, and a plan of walls for the agent to build around itself.</summary>
internal sealed class UnprivilegedGround(EnginePaths paths, UserIds ids, bool network) : ISandboxGround
{
    // Sandboxes come after the node and everything else where the CPU is short.
    private const int Nice = 10;

    // V8 counts 512 MiB for the code of each isolate as writable, used or not; the JavaScript kernel has two isolates.
    private const ulong CodeRangeBytes = 2 * (512UL << 20);

    private const string MarkerName = "made-of";

    // Abstract sockets are in no file system: without Landlock's scopes they would reach the host's.
    private readonly byte[] _filter = SeccompProfile.CompileUnprivileged(
        unixSockets: Libc.LandlockVersion() >= Libc.LandlockVersionWithScopes, network);

    private readonly byte[] _gateFilter = network ? SeccompProfile.CompileGatekeeper() : [];

    public bool AgentListens => false;

    public bool HasOwnNetwork => false;

    public bool UsesDoor => network;

    public SandboxLimits GroupLimits(SandboxLimits limits) => limits;

    public (uint Root, uint User) OwnersIn(UidRange range) => (0, ids.Of(range));

    public bool SameHardLimits(SandboxLimits one, SandboxLimits other) =>
        OciDefaults.SameHardLimits(one, other) && one.Processes == other.Processes && one.MemoryBytes == other.MemoryBytes
        // The process that the node knows is the gatekeeper, whose limits are not the agent's.
        && (!network || one.OpenFiles == other.OpenFiles);

    public void Prepare(SandboxId id, SandboxSpec spec, UidRange range, TemplateLayers template, SandboxVolumes volumes, EgressDoor? door)
    {
        var user = ids.Of(range);
        MakeRoot(volumes.Upper, template, user);
        var plan = new ConfinePlan(
            volumes.Upper, (int)user, Nice, Limits(spec.Limits),
            [.. LinkTree.WritablePlaces, .. volumes.Binds.Select(static bind => bind.Destination)],
            LinkTree.Devices, _filter, OciDefaults.Agent, OciDefaults.Environment,
            door?.Port ?? 0, door?.Secret ?? default, _gateFilter);
        var writer = new WireWriter();
        plan.Write(writer);
        Directory.CreateDirectory(paths.BundleDirectory(id));
        File.WriteAllBytes(Path.Combine(paths.BundleDirectory(id), ConfinedLauncher.PlanFile), writer.Written);
    }

    public void Dispose()
    {
    }

    /// <summary>Takes the root that the slot has if it is one of the template, and makes what sandboxes write to.</summary>
    private static void MakeRoot(string root, TemplateLayers template, uint user)
    {
        var marker = Path.Combine(Path.GetDirectoryName(root)!, MarkerName);
        // With what LinkTree makes beside links: another version of it makes another root.
        var made = $"2\n{user}\n{string.Join('\n', template.Layers)}\n";
        if (!File.Exists(marker) || File.ReadAllText(marker) != made)
        {
            // The volumes of the new sandbox are in it already, and empty.
            var volumes = root + "/sandbox/volumes";
            var kept = Path.Combine(Path.GetDirectoryName(root)!, "volumes");
            File.Delete(marker);
            TreeRemoval.Run([kept]);
            Directory.Move(volumes, kept);
            TreeRemoval.Run([root]);
            DirectoryPiece.MakeDirectories(Path.GetDirectoryName(root)!, root + "/sandbox");
            Directory.Move(kept, volumes);
            LinkTree.Make(root, template.Layers, user);
            // Last: a root without it is not whole.
            File.WriteAllText(marker, made);
        }

        LinkTree.MakePlaces(root, template.Layers, user);
    }

    /// <summary>As in a container, with the number of processes held by its rlimit, and a bound on what one of them allocates.</summary>
    internal static IReadOnlyList<ConfineLimit> Limits(SandboxLimits limits)
    {
        var processes = (ulong)(limits.Processes + SandboxLimits.AgentTaskReserve);
        var data = ((ulong)limits.MemoryBytes * 2) + CodeRangeBytes;
        return
        [
            .. OciDefaults.ResourceLimits(limits)
                .Select(limit => limit.Type == "RLIMIT_NPROC" ? limit with { Soft = processes, Hard = processes } : limit)
                // The watchdog comes a moment late; this keeps one process from taking the machine meanwhile.
                .Append(new OciResourceLimit("RLIMIT_DATA", data, data))
                .Select(limit => new ConfineLimit(OciDefaults.ResourceNumbers[limit.Type], (long)limit.Soft, (long)limit.Hard)),
        ];
    }
}
