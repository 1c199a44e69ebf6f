using System.Text.Json.Serialization;

namespace MonkeyCoder.Bench.Measuring;

/// <summary>Where and when a run was made: the first line of its file.</summary>
internal sealed record RunHeader(
    string Run, DateTimeOffset StartedAt, string Command, string Commit, string Kernel, string Processor, int Processors,
    long MemoryBytes, string LoadAverage);

/// <summary>One sample: a further line of the file.</summary>
internal sealed record Sample(string Benchmark, int Index, double Milliseconds, string LoadAverage);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RunHeader))]
[JsonSerializable(typeof(Sample))]
internal sealed partial class SampleJson : JsonSerializerContext;
