using System.Text.Json;
using System.Text.Json.Serialization;

namespace MonkeyCoder.Cli.Output;

/// <summary>What <c>--json</c> prints: one indented array, stable names in snake_case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<SandboxRow>))]
[JsonSerializable(typeof(IReadOnlyList<KeyRow>))]
[JsonSerializable(typeof(IReadOnlyList<FactRow>))]
[JsonSerializable(typeof(IReadOnlyList<LogRow>))]
[JsonSerializable(typeof(IReadOnlyList<TemplateRow>))]
internal sealed partial class JsonOutput : JsonSerializerContext
{
    public static Task PrintAsync<T>(CliContext context, IReadOnlyList<T> rows) =>
        context.Out.WriteLineAsync(JsonSerializer.Serialize(rows, typeof(IReadOnlyList<T>), Default));
}

/// <summary>A sandbox in <c>ps --json</c>.</summary>
internal sealed record SandboxRow(
    string Id, string Template, string State, DateTimeOffset StartedAt, DateTimeOffset EndAt,
    IReadOnlyDictionary<string, string> Metadata);

/// <summary>A key in <c>keys list --json</c>; never the key itself.</summary>
internal sealed record KeyRow(
    string Id, string Name, string Tenant, string Last4, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);

/// <summary>A template in <c>templates list --json</c>; size null: not built.</summary>
internal sealed record TemplateRow(string Name, string Version, long? SizeBytes, bool Current);

/// <summary>A check in <c>doctor --json</c>; verdict: ok, warn or fail.</summary>
internal sealed record FactRow(string Name, string Verdict, string Value, string Advice);

/// <summary>A line in <c>logs --json</c>.</summary>
internal sealed record LogRow(DateTimeOffset Timestamp, string Line);
