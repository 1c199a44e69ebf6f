using System.Text.Json;
using System.Text.Json.Serialization;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>What is on disk about a sandbox before anything of it exists.</summary>
internal sealed record SandboxRecord(
    string Id, string Template, string TemplateVersion, SandboxProfile Profile, DateTimeOffset CreatedAt)
{
    /// <summary>Makes the sandbox's directory and writes the record; both are on disk when it returns.</summary>
    public void Save(EnginePaths paths, SandboxId id)
    {
        var directory = paths.SandboxDirectory(id);
        MakePassable(directory);
        var path = paths.RecordFile(id);
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this, SandboxRecordJson.Default.SandboxRecord));
        using (var file = Libc.OpenForWriting(path)) Libc.SyncFile(file, path);
        using var parent = Libc.OpenForReading(directory);
        Libc.SyncFile(parent, directory);
    }

    /// <summary>A directory that root inside can pass through on its way to its root, and not list.</summary>
    public static void MakePassable(string directory) => Directory.CreateDirectory(
        directory,
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
}

/// <summary>JSON of <see cref="SandboxRecord"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SandboxRecord))]
internal sealed partial class SandboxRecordJson : JsonSerializerContext;
