using System.Text.Json.Serialization;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Contracts.Problems;

/// <summary>An error of the original API: <c>application/problem+json</c> (RFC 9457).</summary>
/// <param name="Type"><c>/problems/</c> and the code.</param>
/// <param name="Title">The HTTP status in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">Stable code, listed in docs/PROBLEMS.md.</param>
/// <param name="Detail">A sentence that says what to do.</param>
public sealed record ProblemBody(string Type, string Title, int Status, string Code, string Detail)
{
    /// <value>Finds the request in the service's log.</value>
    public string? TraceId { get; init; }

    /// <value>Of <c>dangerous_code</c>: what was found, and where.</value>
    public IReadOnlyList<CodeFinding>? Findings { get; init; }
}

/// <summary>JSON of <see cref="ProblemBody"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProblemBody))]
public sealed partial class ProblemJson : JsonSerializerContext;
