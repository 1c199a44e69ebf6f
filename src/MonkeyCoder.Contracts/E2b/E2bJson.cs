using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.E2b;

/// <summary>
/// Source-generated JSON of the E2B wire: camelCase, unset optional fields left out, unknown ones ignored, nulls and
/// missing values of required ones refused.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    MaxDepth = 32)]
[JsonSerializable(typeof(SandboxCreateRequest))]
[JsonSerializable(typeof(SandboxConnectRequest))]
[JsonSerializable(typeof(SandboxPauseRequest))]
[JsonSerializable(typeof(SandboxNetworkUpdate))]
[JsonSerializable(typeof(SandboxTimeoutRequest))]
[JsonSerializable(typeof(SandboxRefreshRequest))]
[JsonSerializable(typeof(SandboxCreated))]
[JsonSerializable(typeof(IReadOnlyList<SandboxListed>))]
[JsonSerializable(typeof(SandboxDetail))]
[JsonSerializable(typeof(IReadOnlyList<SandboxMetric>))]
[JsonSerializable(typeof(SandboxesMetrics))]
[JsonSerializable(typeof(SandboxLogs))]
[JsonSerializable(typeof(SandboxLogsV2))]
[JsonSerializable(typeof(E2bErrorBody))]
[JsonSerializable(typeof(RouteErrorBody))]
[JsonSerializable(typeof(TemplateAliasAnswer))]
[JsonSerializable(typeof(IReadOnlyList<TemplateListed>))]
[JsonSerializable(typeof(StartProcessRequest))]
[JsonSerializable(typeof(SelectProcessRequest))]
[JsonSerializable(typeof(UpdateProcessRequest))]
[JsonSerializable(typeof(SendInputRequest))]
[JsonSerializable(typeof(SendSignalRequest))]
[JsonSerializable(typeof(ListProcessesAnswer))]
[JsonSerializable(typeof(EmptyRecord))]
[JsonSerializable(typeof(PathRecord))]
[JsonSerializable(typeof(ListDirRequest))]
[JsonSerializable(typeof(MoveFileRequest))]
[JsonSerializable(typeof(WatchDirRequest))]
[JsonSerializable(typeof(WatcherRecord))]
[JsonSerializable(typeof(WatcherEventsAnswer))]
[JsonSerializable(typeof(WatchMessage))]
[JsonSerializable(typeof(EntryAnswer))]
[JsonSerializable(typeof(EntriesAnswer))]
[JsonSerializable(typeof(EntryRecord))]
[JsonSerializable(typeof(IReadOnlyList<WrittenFileRecord>))]
[JsonSerializable(typeof(ComposeFilesRequest))]
[JsonSerializable(typeof(EnvdMetrics))]
[JsonSerializable(typeof(ConnectErrorBody))]
[JsonSerializable(typeof(ConnectEnd))]
[JsonSerializable(typeof(ExecuteCodeRequest))]
[JsonSerializable(typeof(CreateContextRequest))]
[JsonSerializable(typeof(ContextRecord))]
[JsonSerializable(typeof(IReadOnlyList<ContextRecord>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
public sealed partial class E2bJson : JsonSerializerContext;
