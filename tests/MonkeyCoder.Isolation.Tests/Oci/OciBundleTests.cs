using System.Text.Json.Nodes;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Oci;

/// <summary>Compares with the reference configuration of the security model; each difference is listed here with its reason.</summary>
public sealed class OciBundleTests
{
    private static readonly JsonNode Golden =
        JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Oci/oci-code.golden.json")))!;

    private static readonly JsonNode Strict = Render(SandboxProfile.Strict);

    [Theory]
    [InlineData("process.user.uid")]
    [InlineData("process.user.gid")]
    [InlineData("process.noNewPrivileges")]
    [InlineData("process.terminal")]
    [InlineData("process.capabilities")]
    [InlineData("process.rlimits")]
    [InlineData("root.readonly")]
    [InlineData("hostname")]
    [InlineData("linux.rootfsPropagation")]
    [InlineData("linux.resources.devices")]
    [InlineData("linux.uidMappings")]
    [InlineData("linux.gidMappings")]
    [InlineData("linux.sysctl")]
    public void Render_Strict_IsAsTheReference(string path) =>
        Assert.Equal(Canonical(At(Golden, path)), Canonical(At(Strict, path)));

    [Fact]
    public void Render_Strict_MasksWhatTheReferenceMasksAndTheHostsOwnSettings() => Assert.Equal(
        // Which doors a host has left open is for whoever runs it to know.
        At(Golden, "linux.maskedPaths")!.AsArray().Select(Canonical).Append("\"/proc/sys/fs\"").Order(StringComparer.Ordinal),
        At(Strict, "linux.maskedPaths")!.AsArray().Select(Canonical).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("linux.readonlyPaths")]
    [InlineData("linux.namespaces")]
    public void Render_Strict_ListsWhatTheReferenceLists(string path) => Assert.Equal(
        At(Golden, path)!.AsArray().Select(Canonical).Order(StringComparer.Ordinal),
        At(Strict, path)!.AsArray().Select(Canonical).Order(StringComparer.Ordinal));

    [Fact]
    public void Render_Strict_MountsWhatTheReferenceMounts()
    {
        // The home is the template's own; the terminals belong to the group tty, as elsewhere.
        var golden = Mounts(Golden).Where(mount => !mount.StartsWith("/home/sandbox ", StringComparison.Ordinal))
            .Select(mount => mount.Replace("mode=0620,max=64", "mode=0620,gid=5,max=64", StringComparison.Ordinal));

        Assert.Equal(
            golden.Append("/home/user bind bind,rprivate,rw,nosuid,nodev").Order(StringComparer.Ordinal),
            Mounts(Strict).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Render_Strict_SetsNoLimitsOfCgroups() =>
        Assert.Equal(["devices"], At(Strict, "linux.resources")!.AsObject().Select(property => property.Key));

    [Fact]
    public void Render_Workspace_DiffersInUserCapabilitiesRootAndFilterOnly()
    {
        var workspace = Render(SandboxProfile.Workspace);

        var differences = Differences(Strict, workspace, "").Order(StringComparer.Ordinal);

        Assert.Equal(
            [
                ".linux.seccomp.syscalls", ".process.capabilities.bounding", ".process.capabilities.effective", ".process.capabilities.permitted",
                ".process.env", ".process.noNewPrivileges", ".process.user.gid", ".process.user.uid", ".root.readonly",
            ],
            differences.Select(path => path.Split('[')[0]).Distinct());
        var capabilities = At(workspace, "process.capabilities.bounding")!.AsArray().Select(name => (string)name!).ToArray();
        Assert.DoesNotContain(capabilities, name => name is "CAP_NET_RAW" or "CAP_MKNOD" || (name.StartsWith("CAP_SYS_", StringComparison.Ordinal) && name != "CAP_SYS_CHROOT"));
    }

    [Fact]
    public void SameHardLimits_OnlySoftOnesDiffer_IsTrue()
    {
        Assert.True(OciDefaults.SameHardLimits(new SandboxLimits(), new SandboxLimits { OpenFiles = 2000, Processes = 200, MemoryBytes = 1 << 30 }));
        Assert.False(OciDefaults.SameHardLimits(new SandboxLimits(), new SandboxLimits { OpenFiles = 8192 }));
        Assert.False(OciDefaults.SameHardLimits(new SandboxLimits(), new SandboxLimits { Processes = 1000 }));
        Assert.False(OciDefaults.SameHardLimits(new SandboxLimits(), new SandboxLimits { DiskBytes = 2L << 30 }));
    }

    private static JsonNode Render(SandboxProfile profile)
    {
        var binds = new List<(string, string)>();
        foreach (var name in new[] { "workspace", "temp", "logs" }) binds.Add(("/store/" + name, "/sandbox/volumes/" + name));
        binds.Add(("/state/rootfs/home/user", "/home/user"));
        return JsonNode.Parse(new OciBundle(profile, new SandboxLimits(), new UidRange(0), "/state/rootfs", "/monkeycoder/x", "/state/boot_id", binds, []).Render())!;
    }

    private static JsonNode? At(JsonNode node, string path) =>
        path.Split('.').Aggregate<string, JsonNode?>(node, (current, name) => current![name]);

    private static string Canonical(JsonNode? node) => node switch
    {
        JsonObject value => "{" + string.Join(",", value.OrderBy(property => property.Key, StringComparer.Ordinal).Select(property => $"{property.Key}:{Canonical(property.Value)}")) + "}",
        JsonArray value => "[" + string.Join(",", value.Select(Canonical)) + "]",
        _ => node?.ToJsonString() ?? "null",
    };

    private static IEnumerable<string> Mounts(JsonNode config) => config["mounts"]!.AsArray().Select(mount =>
        $"{mount!["destination"]} {mount["type"]} {string.Join(",", mount["options"]!.AsArray().Select(option => (string)option!))}");

    private static IEnumerable<string> Differences(JsonNode? one, JsonNode? other, string path)
    {
        if (one is JsonObject left && other is JsonObject right)
        {
            return left.Select(property => property.Key).Union(right.Select(property => property.Key))
                .SelectMany(name => Differences(left[name], right[name], $"{path}.{name}"));
        }

        return Canonical(one) == Canonical(other) ? [] : [path];
    }
}
