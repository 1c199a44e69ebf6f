using MonkeyCoder.Security.Tests.Corpus;

namespace MonkeyCoder.Security.Tests.Inside;

/// <summary>How the cases that run inside a sandbox are shared out among the tests.</summary>
internal static class InsideCases
{
    /// <summary>Judged from the host, or by what another sandbox still can: a test of their own each.</summary>
    public static IReadOnlyList<string> JudgedFromOutside { get; } =
        [.. CorpusFile.All.Where(static one => one.RunsInside && one.Judge is "host" or "pair").Select(static one => one.Id).Except(Exceptions.NotRun)];

    /// <summary>Use up a resource, so they get the machine to themselves.</summary>
    public static IReadOnlyList<string> Heavy { get; } = [.. Plain(static id => id.StartsWith("RES", StringComparison.Ordinal))];

    /// <summary>
    /// The light cases that say something about a cell too. A cell runs inside its kernel, which has an event loop and a channel
    /// of its own; what programs inherit from it is what ESC-059 is about, and that is seen where it runs as a program.
    /// </summary>
    public static IReadOnlyList<string> Cells => [.. Light.Where(static id => id != "ESC-059")];

    /// <summary>The rest, in any order and several at once.</summary>
    public static IReadOnlyList<string> Light { get; } = [.. Plain(static id => !id.StartsWith("RES", StringComparison.Ordinal))];

    public static IReadOnlyList<string> All { get; } = [.. Light, .. Heavy, .. JudgedFromOutside];

    private static IEnumerable<string> Plain(Func<string, bool> wanted) =>
        CorpusFile.All.Where(static one => one.RunsInside).Select(static one => one.Id).Where(wanted).Except(JudgedFromOutside).Except(Exceptions.NotRun);
}
