namespace MonkeyCoder.Security.Tests.Corpus;

/// <summary>What a run of a case left: the part that is judged, and the part that explains.</summary>
/// <param name="Stdout">Judged.</param>
/// <param name="End">How it ended, e.g. <c>exit status 1</c> or <c>signal: killed</c>; null for an end without fault.</param>
/// <param name="Stderr">Shown where the case does not hold.</param>
public sealed record Outcome(string Stdout, string? End, string Stderr);

/// <summary>What an outcome means.</summary>
public enum Verdict
{
    /// <summary>The attack failed.</summary>
    Held,

    /// <summary>The attack succeeded.</summary>
    Breach,

    /// <summary>The program says that the case does not apply here.</summary>
    Skipped,

    /// <summary>No word either way, which proves nothing.</summary>
    Inconclusive,
}

/// <summary>Judges outcomes by the rules of the model's section 2: by what stands on stdout alone.</summary>
public static class Judge
{
    public static Verdict Of(CorpusCase tried, Outcome outcome)
    {
        ArgumentNullException.ThrowIfNull(tried);
        ArgumentNullException.ThrowIfNull(outcome);
        var lines = outcome.Stdout.Split('\n').Select(static line => line.Trim()).ToArray();
        // One success is enough, whatever else the program says.
        if (lines.Any(static line => line.StartsWith("BREACH", StringComparison.Ordinal))) return Verdict.Breach;
        if (lines.Contains("HELD")) return Verdict.Held;
        if (lines.Any(static line => line.StartsWith("SKIP", StringComparison.Ordinal))) return Verdict.Skipped;
        return tried.MayBeKilled && WasKilled(outcome.End) ? Verdict.Held : Verdict.Inconclusive;
    }

    /// <summary>Fails the test unless the case holds, or is skipped with a reason that this suite accepts.</summary>
    public static void AssertHeld(CorpusCase tried, Outcome outcome)
    {
        var verdict = Of(tried, outcome);
        if (verdict == Verdict.Held) return;
        if (verdict == Verdict.Skipped && Exceptions.AcceptedSkips.ContainsKey(tried.Id)) return;
        Assert.Fail(
            $"{tried.Id}: {verdict}. It must hold that {tried.Expect}.\n"
            + $"end: {outcome.End ?? "no fault"}\nstdout:\n{Cut(outcome.Stdout)}\nstderr:\n{Cut(outcome.Stderr)}");
    }

    private static bool WasKilled(string? end) =>
        end is not null && (end.Contains("signal", StringComparison.Ordinal) || end.Contains("out_of_memory", StringComparison.Ordinal) || end.Contains("137", StringComparison.Ordinal));

    private static string Cut(string text) => text.Length <= 4000 ? text : text[..4000] + $"… ({text.Length} characters)";
}
