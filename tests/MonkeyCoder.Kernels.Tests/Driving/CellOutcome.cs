using System.Text;
using System.Text.Json;

namespace MonkeyCoder.Kernels.Tests.Driving;

/// <summary>Everything that one cell gave.</summary>
/// <param name="Count">Number of the cell.</param>
/// <param name="Results">Bodies of the <c>result</c> messages, in order.</param>
/// <param name="Error">Body of the <c>error</c> message, or null.</param>
/// <param name="StdoutBytes">What reached fd 1 until <c>idle</c>.</param>
/// <param name="StderrBytes">What reached fd 2 until <c>idle</c>.</param>
/// <param name="Died">The kernel closed its socket before <c>idle</c>.</param>
internal sealed record CellOutcome(
    int Count, IReadOnlyList<JsonElement> Results, JsonElement? Error, ReadOnlyMemory<byte> StdoutBytes, ReadOnlyMemory<byte> StderrBytes, bool Died)
{
    /// <summary>Body of the <c>findings</c> message of the checker of code, or null.</summary>
    public JsonElement? Findings { get; init; }

    public string Stdout => Encoding.UTF8.GetString(StdoutBytes.Span);

    public string Stderr => Encoding.UTF8.GetString(StderrBytes.Span);

    /// <summary>Field <c>text</c> of the main result; null without one.</summary>
    public string? Text => Main is { } main && main.TryGetProperty("text", out var text) ? text.GetString() : null;

    /// <summary>The main result, if there is one. There is never more than one.</summary>
    public JsonElement? Main
    {
        get
        {
            var mains = Results.Where(result => result.GetProperty("is_main_result").GetBoolean()).ToList();
            Assert.True(mains.Count <= 1, "A cell has one main result at most.");
            return mains.Count == 0 ? null : mains[0];
        }
    }

    public string? ErrorName => Error?.GetProperty("name").GetString();

    public string? ErrorValue => Error?.GetProperty("value").GetString();

    public string Traceback => Error?.GetProperty("traceback").GetString() ?? "";

    /// <summary>Names of the fields of a result, but for is_main_result.</summary>
    public static IEnumerable<string> FieldsOf(JsonElement result) =>
        result.EnumerateObject().Select(field => field.Name).Where(name => name != "is_main_result").Order();
}
