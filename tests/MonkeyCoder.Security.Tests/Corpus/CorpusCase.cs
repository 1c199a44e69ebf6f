using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace MonkeyCoder.Security.Tests.Corpus;

/// <summary>One acceptance case, as the file has it.</summary>
public sealed partial record CorpusCase
{
    public required string Id { get; init; }

    /// <value>How to run it: <c>sandbox-shell</c>, <c>sandbox-python</c>, <c>url</c>, <c>http</c>, <c>browser</c>, <c>fault</c>.</value>
    public required string Where { get; init; }

    /// <value>The program, URL or scenario.</value>
    public required string Attempt { get; init; }

    /// <value>What must hold.</value>
    public required string Expect { get; init; }

    /// <value>What it takes beside a sandbox.</value>
    public string? Needs { get; init; }

    /// <value><c>host</c> where the program's own word is not enough.</value>
    public string? Judge { get; init; }

    /// <value>Program for a second sandbox.</value>
    public string? Probe { get; init; }

    [JsonPropertyName("timeout_s")]
    public int? TimeoutSeconds { get; init; }

    [JsonIgnore]
    public TimeSpan Timeout => TimeSpan.FromSeconds(TimeoutSeconds ?? 30);

    [JsonIgnore]
    public bool RunsInside => Where is "sandbox-shell" or "sandbox-python";

    /// <summary>Whether it takes an internet that is not the real one.</summary>
    [JsonIgnore]
    public bool NeedsInternet => Needs?.Contains("fake-internet", StringComparison.Ordinal) == true;

    /// <summary>Whether its end by a signal is what the case wants.</summary>
    [JsonIgnore]
    public bool MayBeKilled => Killed().IsMatch(Expect);

    [GeneratedRegex(@"\b(killed|dies|OOM)\b")]
    private static partial Regex Killed();
}
