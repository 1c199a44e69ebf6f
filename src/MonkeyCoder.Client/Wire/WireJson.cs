using System.Text.Json.Serialization;
using MonkeyCoder.Contracts.Executions;

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

/// <summary>
/// JSON of the original API and of the code interpreter: snake_case. Not the contract's own context: a client is lenient
/// towards fields that a service leaves out.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ExecuteRequest))]
[JsonSerializable(typeof(ExecuteResponse))]
[JsonSerializable(typeof(CellResultData))]
[JsonSerializable(typeof(CellWire))]
[JsonSerializable(typeof(CellEventWire))]
[JsonSerializable(typeof(CreateContextWire))]
[JsonSerializable(typeof(CodeContext))]
[JsonSerializable(typeof(List<CodeContext>))]
internal sealed partial class SnakeJson : JsonSerializerContext;
