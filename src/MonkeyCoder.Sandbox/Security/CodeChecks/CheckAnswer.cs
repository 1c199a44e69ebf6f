using System.Text.Json;
using System.Text.Json.Serialization;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Sandbox.Security.CodeChecks;

/// <summary>What the driver sends: <c>{"parser","parsed","findings","truncated"}</c>, or <c>{"limit"}</c>. It comes from inside a sandbox.</summary>
internal sealed class CheckAnswer
{
    private const int MaxBytes = 512 * 1024;
    private const int MaxFindings = 200;
    private const int MaxText = 300;

    /// <value>What the check ran into: <c>time</c>, <c>memory</c>, <c>depth</c> or <c>crash</c>; null where it came to its end.</value>
    public string? Limit { get; set; }

    public string Parser { get; set; } = "";

    /// <value>False: no Python, which is for the kernel to report.</value>
    public bool Parsed { get; set; }

    public IReadOnlyList<CodeFinding> Findings { get; set; } = [];

    public bool Truncated { get; set; }

    /// <summary>The answer; null where it is none.</summary>
    public static CheckAnswer? TryRead(ReadOnlyMemory<byte> body)
    {
        if (body.Length > MaxBytes) return null;
        try
        {
            return JsonSerializer.Deserialize(body.Span, CheckAnswerJson.Default.CheckAnswer) is { } answer && answer.IsSane() ? answer : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half of a surrogate pair in a string.
            return null;
        }
    }

    private bool IsSane() => Parser.Length <= MaxText && Findings.Count <= MaxFindings && Findings.All(static finding =>
        finding is { Rule.Length: > 0 and <= MaxText, Message.Length: <= MaxText, Snippet.Length: <= MaxText, Line: > 0, Column: > 0 }
        && finding.Rule.All(static letter => letter is (>= 'a' and <= 'z') or '-'));
}

/// <summary>JSON of <see cref="CheckAnswer"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(CheckAnswer))]
internal sealed partial class CheckAnswerJson : JsonSerializerContext;
