using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.Executions;

/// <summary>JSON of the original API: snake_case, absent for null, no duplicate properties.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ExecuteRequest))]
[JsonSerializable(typeof(ExecuteResponse))]
[JsonSerializable(typeof(CellResultData))]
[JsonSerializable(typeof(CleanupRequest))]
[JsonSerializable(typeof(CleanupResponse))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(NodeMetricsResponse))]
public sealed partial class ExecutionJson : JsonSerializerContext;
