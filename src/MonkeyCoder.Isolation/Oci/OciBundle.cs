using System.Text.Json;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Oci;

/// <summary>What differs from sandbox to sandbox in an OCI configuration.</summary>
/// <param name="Profile">Decides user, capabilities, root and filter.</param>
/// <param name="Limits">For the rlimits; the rest is set in the cgroups.</param>
/// <param name="Ids">Host ids.</param>
/// <param name="RootDirectory">The mounted root, absolute.</param>
/// <param name="CgroupPath">Group that exists already.</param>
/// <param name="BootIdFile">File that takes the place of the host's boot id; nobody inside may write to it, its owner is not theirs.</param>
/// <param name="Binds">Directories of the host, by their place inside.</param>
/// <param name="AgentArguments">Command line of the agent after its name.</param>
/// <param name="IsSentry">
/// For gVisor, whose kernel is the sandbox's own: it has no use for the filter, and its runtime runs no hooks and sets no sysctls.
/// </param>
internal sealed record OciBundle(
    SandboxProfile Profile,
    SandboxLimits Limits,
    UidRange Ids,
    string RootDirectory,
    string CgroupPath,
    string BootIdFile,
    IReadOnlyList<(string Source, string Destination)> Binds,
    IReadOnlyList<string> AgentArguments,
    bool IsSentry = false)
{
    private static readonly byte[] StrictFilter = SeccompProfile.Render(SandboxProfile.Strict);
    private static readonly byte[] WorkspaceFilter = SeccompProfile.Render(SandboxProfile.Workspace);

    /// <value>Files of the template that are covered as well. Default none.</value>
    public IReadOnlyList<string> MaskedFiles { get; init; } = [];

    /// <summary>The <c>config.json</c> of the bundle (OCI runtime specification 1.0), UTF-8.</summary>
    public byte[] Render()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("ociVersion", "1.0.2");
            json.WriteString("hostname", "sandbox");
            WriteProcess(json);
            json.WriteStartObject("root");
            json.WriteString("path", RootDirectory);
            json.WriteBoolean("readonly", Profile == SandboxProfile.Strict);
            json.WriteEndObject();
            WriteMounts(json);
            if (!IsSentry) WriteHooks(json);
            WriteLinux(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private void WriteProcess(Utf8JsonWriter json)
    {
        // The agent of a workspace is root inside, because it starts processes as whatever user is asked for.
        var user = Profile == SandboxProfile.Strict ? SandboxUser.Id : 0;
        json.WriteStartObject("process");
        json.WriteBoolean("terminal", false);
        json.WriteStartObject("user");
        json.WriteNumber("uid", user);
        json.WriteNumber("gid", user);
        json.WriteEndObject();
        WriteStrings(json, "args", [OciDefaults.Agent, .. AgentArguments]);
        WriteStrings(json, "env", [$"PATH={OciDefaults.SearchPath}", "LANG=C.UTF-8"]);
        json.WriteString("cwd", "/");
        json.WriteBoolean("noNewPrivileges", Profile == SandboxProfile.Strict);
        json.WriteNumber("oomScoreAdj", OciDefaults.AgentOomScore);

        var capabilities = Profile == SandboxProfile.Strict ? [] : OciDefaults.WorkspaceCapabilities;
        json.WriteStartObject("capabilities");
        foreach (var set in new[] { "bounding", "effective", "permitted" }) WriteStrings(json, set, capabilities);
        foreach (var set in new[] { "inheritable", "ambient" }) WriteStrings(json, set, []);
        json.WriteEndObject();

        json.WriteStartArray("rlimits");
        foreach (var limit in OciDefaults.ResourceLimits(Limits))
        {
            json.WriteStartObject();
            json.WriteString("type", limit.Type);
            json.WriteNumber("soft", limit.Soft);
            json.WriteNumber("hard", limit.Hard);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteMounts(Utf8JsonWriter json)
    {
        json.WriteStartArray("mounts");
        foreach (var mount in OciDefaults.Mounts) WriteMount(json, mount.Destination, mount.Type, mount.Source, mount.Options);
        foreach (var (source, destination) in Binds)
            WriteMount(json, destination, "bind", source, ["bind", "rprivate", "rw", "nosuid", "nodev"]);
        json.WriteEndArray();
    }

    private static void WriteMount(Utf8JsonWriter json, string destination, string type, string source, IReadOnlyList<string> options)
    {
        json.WriteStartObject();
        json.WriteString("destination", destination);
        json.WriteString("type", type);
        json.WriteString("source", source);
        WriteStrings(json, "options", options);
        json.WriteEndObject();
    }

    /// <summary>
    /// What runc's own fields refuse, done by programs that it runs in the namespaces of the sandbox before the root is
    /// entered, so before anything of the sandbox runs.
    /// </summary>
    private void WriteHooks(Utf8JsonWriter json)
    {
        json.WriteStartObject("hooks");
        json.WriteStartArray("createContainer");
        WriteHook(json, "/usr/sbin/sysctl", ["sysctl", "-q", "-w", .. OciDefaults.UserNamespaceSysctls]);
        WriteHook(json, "/usr/bin/mount", ["mount", "--bind", BootIdFile, $"{RootDirectory}/proc/sys/kernel/random/boot_id"]);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteHook(Utf8JsonWriter json, string path, IReadOnlyList<string> arguments)
    {
        json.WriteStartObject();
        json.WriteString("path", path);
        WriteStrings(json, "args", arguments);
        json.WriteEndObject();
    }

    private void WriteLinux(Utf8JsonWriter json)
    {
        json.WriteStartObject("linux");
        json.WriteStartArray("namespaces");
        foreach (var kind in OciDefaults.Namespaces)
        {
            json.WriteStartObject();
            json.WriteString("type", kind);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteIdMapping(json, "uidMappings");
        WriteIdMapping(json, "gidMappings");
        json.WriteString("cgroupsPath", CgroupPath);
        WriteDevices(json);
        json.WriteStartObject("sysctl");
        foreach (var (key, value) in IsSentry ? [] : OciDefaults.Sysctls) json.WriteString(key, value);
        json.WriteEndObject();
        json.WriteString("rootfsPropagation", "private");
        WriteStrings(json, "maskedPaths", [.. OciDefaults.MaskedPaths, .. MaskedFiles]);
        WriteStrings(json, "readonlyPaths", OciDefaults.ReadonlyPaths);
        if (IsSentry)
        {
            json.WriteEndObject();
            return;
        }

        json.WritePropertyName("seccomp");
        json.WriteRawValue(Profile == SandboxProfile.Strict ? StrictFilter : WorkspaceFilter);
        json.WriteEndObject();
    }

    private void WriteIdMapping(Utf8JsonWriter json, string name)
    {
        json.WriteStartArray(name);
        json.WriteStartObject();
        json.WriteNumber("containerID", 0);
        json.WriteNumber("hostID", Ids.First);
        json.WriteNumber("size", UidRange.Length);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteDevices(Utf8JsonWriter json)
    {
        json.WriteStartObject("resources");
        json.WriteStartArray("devices");
        json.WriteStartObject();
        json.WriteBoolean("allow", false);
        json.WriteString("access", "rwm");
        json.WriteEndObject();
        foreach (var (major, minor) in OciDefaults.Devices)
        {
            json.WriteStartObject();
            json.WriteBoolean("allow", true);
            json.WriteString("type", "c");
            json.WriteNumber("major", major);
            if (minor is { } number) json.WriteNumber("minor", number);
            json.WriteString("access", "rw");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
