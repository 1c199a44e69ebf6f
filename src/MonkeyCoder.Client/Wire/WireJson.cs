using System.Text.Json.Serialization;

namespace MonkeyCoder.Client.Wire;

/// <summary>JSON of the E2B control plane and of envd: camelCase.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CreateSandboxWire))]
[JsonSerializable(typeof(SandboxWire))]
[JsonSerializable(typeof(TimeoutWire))]
[JsonSerializable(typeof(LogsWire))]
[JsonSerializable(typeof(SandboxInfo))]
[JsonSerializable(typeof(List<SandboxInfo>))]
[JsonSerializable(typeof(StartProcessWire))]
[JsonSerializable(typeof(ProcessOnlyWire))]
[JsonSerializable(typeof(SendInputWire))]
[JsonSerializable(typeof(SendSignalWire))]
[JsonSerializable(typeof(ResizeWire))]
[JsonSerializable(typeof(ProcessListWire))]
[JsonSerializable(typeof(ProcessMessageWire))]
[JsonSerializable(typeof(EndOfStreamWire))]
[JsonSerializable(typeof(EmptyWire))]
[JsonSerializable(typeof(PathWire))]
[JsonSerializable(typeof(ListDirWire))]
[JsonSerializable(typeof(MoveWire))]
[JsonSerializable(typeof(EntryAnswerWire))]
[JsonSerializable(typeof(EntriesAnswerWire))]
internal sealed partial class WireJson : JsonSerializerContext;

/// <summary>JSON of the original API and of the code interpreter: snake_case.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(ExecuteWire))]
[JsonSerializable(typeof(ExecuteCodeResult))]
[JsonSerializable(typeof(CellWire))]
[JsonSerializable(typeof(CellEventWire))]
[JsonSerializable(typeof(CreateContextWire))]
[JsonSerializable(typeof(CodeContext))]
[JsonSerializable(typeof(List<CodeContext>))]
internal sealed partial class SnakeJson : JsonSerializerContext;
