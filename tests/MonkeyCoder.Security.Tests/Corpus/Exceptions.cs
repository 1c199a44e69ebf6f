namespace MonkeyCoder.Security.Tests.Corpus;

/// <summary>
/// The cases that are not run, each with what it waits for or why it cannot apply, and those that may say SKIP. The
/// suite fails where one of these lists names a case that is run, or one that does not exist.
/// </summary>
public static class Exceptions
{
    private const string Browser = "browser sessions";
    private const string Archives = "templates built from archives";

    /// <summary>Cases whose component is not there yet, with the component.</summary>
    public static IReadOnlyDictionary<string, string> Waiting { get; } = Merge(
        CorpusFile.All.Where(static one => one.Where == "browser").Select(static one => (one.Id, Browser)),
        [
            ("API-027", Browser),
            ("API-073", Archives),
            ("API-075", "webhooks and browser sessions, whose URLs the service fetches"),
            ("API-076", Archives),
            ("API-078", Archives),
            ("FLT-006", Browser),
            ("FLT-012", "Redis"),
            ("FLT-013", "PostgreSQL"),
            ("FLT-017", "several nodes"),
        ]);

    /// <summary>Cases that another suite runs, with the file of its test.</summary>
    public static IReadOnlyDictionary<string, string> Elsewhere { get; } = Merge(
        CorpusFile.All.Where(static one => one.Where == "url").Select(static one => (one.Id, "tests/MonkeyCoder.Isolation.Tests/Egress/UrlCorpusTests.cs")),
        [("FLT-037", "tests/MonkeyCoder.EndToEnd.Tests/LifecycleTests.cs")]);

    /// <summary>Cases whose premise this product does not have, with the reason.</summary>
    public static IReadOnlyDictionary<string, string> NotApplicable { get; } = new Dictionary<string, string>
    {
        ["FLT-007"] = "the egress gateway is the service itself, whose sandboxes end with it: there is none to come back to;"
            + " that nothing gets out while it is down is tested by KilledService_WhatStillRunsInsideSandboxes_ReachesNothing",
    };

    /// <summary>Cases that may say SKIP, with what on this host or in this product justifies it.</summary>
    public static IReadOnlyDictionary<string, string> AcceptedSkips { get; } = new Dictionary<string, string>
    {
        ["ESC-095"] = "the settings of the host are covered inside; the node looks at them itself when it starts, and so does monkey doctor",
    };

    /// <summary>All that this suite does not run.</summary>
    public static IEnumerable<string> NotRun => Waiting.Keys.Concat(Elsewhere.Keys).Concat(NotApplicable.Keys);

    private static Dictionary<string, string> Merge(params IEnumerable<(string Id, string Reason)>[] lists) =>
        lists.SelectMany(static list => list).ToDictionary(static pair => pair.Id, static pair => pair.Reason);
}
