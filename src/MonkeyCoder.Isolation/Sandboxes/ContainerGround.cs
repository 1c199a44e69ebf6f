using System.Security.Cryptography;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Launch;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>An overlay of the template under the sandbox's own layer, and an OCI bundle or what stands in for it.</summary>
/// <param name="paths">Where sandboxes are.</param>
/// <param name="gvisor">The bundle is for gVisor.</param>
/// <param name="groupsOf">
/// For the node's own launcher, which starts from a plan: files <c>cgroup.procs</c> of the group of a path. Null: for an OCI runtime.
/// </param>
internal sealed class ContainerGround(EnginePaths paths, bool gvisor, Func<string, IReadOnlyList<string>>? groupsOf = null) : ISandboxGround
{
    // Below /run, where every template has a directory.
    private const string AgentPlace = "/run/monkeycoder";

    // gVisor's kernel and its helper are in the sandbox's group: their memory, and their threads for each process inside.
    private const long SentryBytes = 128L * 1024 * 1024;
    private const int SentryTasks = 4096;

    private readonly MappedLayers _layers = new(MappedLayers.CanStayUnattached ? null : paths.LayersDirectory);

    public (uint Root, uint User) OwnersIn(UidRange ids) => (ids.ToHost(0), ids.ToHost(SandboxUser.Id));

    public bool AgentListens => gvisor;

    // gVisor has a network stack of its own, which the namespace around it does not reach.
    public bool HasOwnNetwork => !gvisor;

    public bool UsesDoor => false;

    public SandboxLimits GroupLimits(SandboxLimits limits) => gvisor
        ? limits with { MemoryBytes = limits.MemoryBytes + SentryBytes, Processes = limits.Processes + SentryTasks }
        : limits;

    // gVisor's own process is not the agent's: its rlimits cannot be changed from outside.
    public bool SameHardLimits(SandboxLimits one, SandboxLimits other) =>
        OciDefaults.SameHardLimits(one, other) && (!gvisor || one.OpenFiles == other.OpenFiles);

    public void Prepare(SandboxId id, SandboxSpec spec, UidRange ids, TemplateLayers template, SandboxVolumes volumes, EgressDoor? door)
    {
        var root = paths.RootDirectory(id);
        Directory.CreateDirectory(root);
        var layers = _layers.Open(ids, template.Layers);
        OverlayRoot.Mount(root, layers, volumes.Upper, volumes.Work, MountFlags(spec.Profile));
        WriteBundle(id, spec, ids, volumes, spec.Profile == SandboxProfile.Strict ? MountHome(id, layers, volumes) : null, template);
    }

    public void Dispose() => _layers.Dispose();

    /// <summary>
    /// No devices, and set-user-id files for the sudo of a workspace only. gVisor's helper remounts the root with no such flag in a user
    /// namespace, which is refused where there is one; it opens files and executes none.
    /// </summary>
    private ulong MountFlags(SandboxProfile profile) =>
        gvisor ? 0 : Libc.MS_NODEV | (profile == SandboxProfile.Workspace ? 0 : Libc.MS_NOSUID);

    /// <summary>The home of the template, writable, for a root that is not: where it is to be bound from.</summary>
    private string MountHome(SandboxId id, IReadOnlyList<FileDescriptor> layers, SandboxVolumes volumes)
    {
        var home = paths.HomeDirectory(id);
        Directory.CreateDirectory(home);
        return OverlayRoot.TryMountPart(home, SandboxUser.Home, layers, volumes.HomeUpper, volumes.HomeWork) ? home : volumes.HomeUpper;
    }

    private void WriteBundle(
        SandboxId id, SandboxSpec spec, UidRange ids, SandboxVolumes volumes, string? home, TemplateLayers template)
    {
        // The host's boot id would tell sandboxes of one host that they are neighbours. Version 4 of RFC 9562.
        Span<byte> random = stackalloc byte[16];
        RandomNumberGenerator.Fill(random);
        random[6] = (byte)((random[6] & 0x0f) | 0x40);
        random[8] = (byte)((random[8] & 0x3f) | 0x80);
        File.WriteAllText(volumes.BootIdFile, new Guid(random, bigEndian: true).ToString("D") + "\n");

        var root = paths.RootDirectory(id);
        var binds = new List<(string Source, string Destination)>(volumes.Binds);
        if (home is not null) binds.Add((home, SandboxUser.Home));
        string[] arguments = [];
        if (gvisor)
        {
            MakeAgentDirectory(paths.AgentDirectory(id), ids.ToHost(spec.Profile == SandboxProfile.Strict ? SandboxUser.Id : 0));
            binds.Add((paths.AgentDirectory(id), AgentPlace));
            arguments = ["--listen", $"{AgentPlace}/{Path.GetFileName(paths.AgentSocket(id))}"];
        }

        var bundle = new OciBundle(spec.Profile, spec.Limits, ids, root, paths.Cgroup(id), volumes.BootIdFile, binds, arguments, gvisor)
        {
            // They would change nobody's user there; what is not to be seen is not to be tried either.
            MaskedFiles = spec.Profile == SandboxProfile.Strict && !gvisor ? template.SetIdFiles : [],
        };
        Directory.CreateDirectory(paths.BundleDirectory(id));
        if (groupsOf is null)
        {
            File.WriteAllBytes(Path.Combine(paths.BundleDirectory(id), "config.json"), bundle.Render());
            return;
        }

        var writer = new WireWriter();
        ContainerProgram.Compile(bundle, id.Value, groupsOf(paths.Cgroup(id))).Write(writer);
        File.WriteAllBytes(Path.Combine(paths.BundleDirectory(id), NativeLauncher.PlanFile), writer.Written);
    }

    private static void MakeAgentDirectory(string directory, uint owner)
    {
        Directory.CreateDirectory(directory);
        Libc.ChangeOwner(directory, owner, owner);
    }
}
