using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.Security;

/// <summary>What is kept of an API key: never the key.</summary>
/// <param name="Id">8 hex digits, to name it by when it is revoked.</param>
/// <param name="Name">Whose or what for, chosen at creation.</param>
/// <param name="Tenant">Whose sandboxes it may use.</param>
/// <param name="Sha256">Hash of the key, lowercase hex.</param>
/// <param name="Last4">The key's last four characters, to recognise it by.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="RevokedAt">When it stopped to hold; null: it holds.</param>
public sealed record ApiKeyRecord(
    string Id, string Name, string Tenant, string Sha256, string Last4, DateTimeOffset CreatedAt,
    DateTimeOffset? RevokedAt);

/// <summary>A key that was just made: the only time that it can be read.</summary>
/// <param name="Key"><c>e2b_</c> and 40 lowercase hex digits.</param>
/// <param name="Record">What is kept of it.</param>
public sealed record CreatedApiKey(string Key, ApiKeyRecord Record);

/// <summary>Content of <c>keys.json</c>.</summary>
/// <param name="Version">Version of the format: 1.</param>
/// <param name="Keys">In order of creation, revoked ones too.</param>
internal sealed record ApiKeyDocument(int Version, IReadOnlyList<ApiKeyRecord> Keys)
{
    public const int CurrentVersion = 1;

    public static ApiKeyDocument Empty { get; } = new(CurrentVersion, []);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ApiKeyDocument))]
internal sealed partial class ApiKeyJson : JsonSerializerContext;
