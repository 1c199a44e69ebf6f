using System.Buffers.Binary;
using System.Text.Json;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Zygotes;

/// <summary>What a fork is told before it enters a sandbox, as <c>entrance.py</c> reads it.</summary>
/// <param name="Kernel">User, directory and variables.</param>
/// <param name="Limits">By their numbers.</param>
/// <param name="BoundingCapabilities">The set that is left.</param>
/// <param name="Locked">Whether it can get no new privileges.</param>
internal sealed record ForkPlan(
    KernelPlanMessage Kernel, IReadOnlyList<(ulong Soft, ulong Hard)> Limits, ulong BoundingCapabilities, bool Locked)
{
    /// <summary>What the node says, the filter, and what the sandbox says: each after its length.</summary>
    public ReadOnlyMemory<byte> Write(ReadOnlySpan<byte> filter)
    {
        using var stream = new MemoryStream();
        WritePart(stream, Render(WriteRights));
        WritePart(stream, filter);
        WritePart(stream, Render(WriteStart));
        return stream.GetBuffer().AsMemory(0, (int)stream.Length);
    }

    private static void WritePart(MemoryStream stream, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
        stream.Write(length);
        stream.Write(part);
    }

    private static byte[] Render(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private void WriteRights(Utf8JsonWriter json)
    {
        json.WriteStartArray("limits");
        for (var resource = 0; resource < Limits.Count; resource++)
        {
            json.WriteStartArray();
            json.WriteNumberValue(resource);
            // None is -1 for Python.
            json.WriteNumberValue(unchecked((long)Limits[resource].Soft));
            json.WriteNumberValue(unchecked((long)Limits[resource].Hard));
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteNumber("bounding", BoundingCapabilities);
        json.WriteBoolean("locked", Locked);
        json.WriteNumber("user", Kernel.UserId);
        json.WriteNumber("group", Kernel.GroupId);
        json.WriteStartArray("groups");
        foreach (var group in Kernel.Groups) json.WriteNumberValue(group);
        json.WriteEndArray();
    }

    private void WriteStart(Utf8JsonWriter json)
    {
        json.WriteString("directory", Kernel.WorkingDirectory);
        json.WriteStartObject("variables");
        foreach (var (name, value) in Kernel.Environment) json.WriteString(name, value);
        json.WriteEndObject();
    }

    /// <summary>
    /// Whether a fork of a zygote is what the kernel would be: the user of the sandbox, and no variable that a program
    /// reads only when it starts.
    /// </summary>
    public static bool Suits(KernelPlanMessage kernel, SandboxProfile profile) =>
        kernel.UserId == SandboxUser.Id && kernel.GroupId == SandboxUser.Id
        && kernel.Groups.All(static group => group is > 0 and < Mounts.UidRange.Length)
        && (profile == SandboxProfile.Workspace || kernel.Groups.Count == 0)
        && kernel.Environment.TryGetValue("HOME", out var home) && home == SandboxUser.Home
        && !kernel.Environment.Keys.Any(static name => ReadAtStart.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)));

    // Of the loader, the C library, Python, the libraries that are imported, and the driver.
    private static readonly string[] ReadAtStart =
    [
        "LD_", "GLIBC_", "MALLOC_", "LC_", "LANG", "LOCPATH", "PYTHON", "IPYTHON", "OPENSSL_", "NPY_", "NUMPY_", "OPENBLAS_", "GOTO_",
        "OMP_", "MKL_", "MPL", "MATPLOTLIBRC", "PANDAS_", "MONKEY_",
    ];
}
