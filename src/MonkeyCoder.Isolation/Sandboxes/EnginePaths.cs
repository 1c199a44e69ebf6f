using System.Security.Cryptography;
using System.Text;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>Where everything of one node is. Every name outside the state directory carries the product's name and the instance.</summary>
internal sealed class EnginePaths
{
    /// <summary>Group above those of all instances.</summary>
    public const string CgroupRoot = "/monkeycoder";

    /// <summary>Begins the names of zygotes' groups.</summary>
    public const string ZygotePrefix = "zygote-";

    public EnginePaths(EngineOptions options)
    {
        StateDirectory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.StateDirectory));
        Instance = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(StateDirectory)))[..8];
        MachineDirectory = Path.GetFullPath(options.RunDirectory);
        RunDirectory = Path.Combine(MachineDirectory, Instance);
        CgroupParent = $"{CgroupRoot}/{Instance}";
    }

    /// <summary>Absolute, without links resolved.</summary>
    public string StateDirectory { get; }

    /// <summary>8 hex digits that stand for the state directory.</summary>
    public string Instance { get; }

    /// <summary>Shared by the services of this machine.</summary>
    public string MachineDirectory { get; }

    /// <summary>Of this instance.</summary>
    public string RunDirectory { get; }

    /// <summary>Group above the sandboxes' groups.</summary>
    public string CgroupParent { get; }

    /// <summary>Held locked while a service runs.</summary>
    public string LockFile => Path.Combine(StateDirectory, "lock");

    public string SandboxesDirectory => Path.Combine(StateDirectory, "sandboxes");

    public string UidSlotsDirectory => Path.Combine(MachineDirectory, "uid-slots");

    /// <summary>State of the OCI runtime.</summary>
    public string RuntimeRoot => Path.Combine(RunDirectory, "runc");

    /// <summary>For kernels that need layers attached.</summary>
    public string LayersDirectory => Path.Combine(RunDirectory, "layers");

    public string SandboxDirectory(SandboxId id) => Path.Combine(SandboxesDirectory, id.Value);

    public string RecordFile(SandboxId id) => Path.Combine(SandboxDirectory(id), "record.json");

    public string BundleDirectory(SandboxId id) => Path.Combine(SandboxDirectory(id), "bundle");

    public string RootDirectory(SandboxId id) => Path.Combine(SandboxDirectory(id), "rootfs");

    /// <summary>Where the home is mounted that a read-only root gets.</summary>
    public string HomeDirectory(SandboxId id) => Path.Combine(SandboxDirectory(id), "home");

    public string SandboxRunDirectory(SandboxId id) => Path.Combine(RunDirectory, id.Value);

    public string AgentSocket(SandboxId id) => Path.Combine(SandboxRunDirectory(id), "agent.sock");

    /// <summary>Directory in which an agent that listens by itself makes its socket; the root inside passes through to it.</summary>
    public string AgentDirectory(SandboxId id) => Path.Combine(SandboxDirectory(id), "agent");

    public string PidFile(SandboxId id) => Path.Combine(SandboxRunDirectory(id), "pid");

    public string RuntimeDirectory(SandboxId id) => Path.Combine(RuntimeRoot, id.Value);

    public string Cgroup(SandboxId id) => $"{CgroupParent}/{id.Value}";

    /// <summary>Group of the zygotes of a template.</summary>
    public string ZygoteCgroup(string templateVersion) => $"{CgroupParent}/{ZygotePrefix}{templateVersion}";
}
