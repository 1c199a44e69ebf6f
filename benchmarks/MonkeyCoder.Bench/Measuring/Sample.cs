using System.Text.Json.Serialization;

namespace MonkeyCoder.Bench.Measuring;

/// <summary>Where and when a run was made: the first line of its file.</summary>
internal sealed record RunHeader(
    string Run, DateTimeOffset StartedAt, string Command, string Commit, string Kernel, string Processor, int Processors,
    long MemoryBytes, string LoadAverage);

/// <summary>One sample: a further line of the file.</summary>
/// <param name="Benchmark">Of which benchmark.</param>
/// <param name="Index">Its number there, from 0.</param>
/// <param name="Value">What was measured, in its unit.</param>
/// <param name="Unit">E.g. <c>ms</c>.</param>
/// <param name="Seconds">Since the benchmark began.</param>
/// <param name="LoadAverage">Of the machine, when it was taken.</param>
internal sealed record Sample(string Benchmark, int Index, double Value, string Unit, double Seconds, string LoadAverage);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RunHeader))]
[JsonSerializable(typeof(Sample))]
internal sealed partial class SampleJson : JsonSerializerContext;
