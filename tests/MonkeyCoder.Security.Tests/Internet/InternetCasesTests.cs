using MonkeyCoder.Security.Tests.Corpus;
using MonkeyCoder.Security.Tests.Inside;

namespace MonkeyCoder.Security.Tests.Internet;

/// <summary>
/// Cases about the way out, with canaries at its end and with example.com and *.pypi.org allowed: what they try would succeed where
/// the gateway let it.
/// </summary>
[Collection(InternetCollection.Name)]
[Trait("Needs", "root")]
public sealed class InternetCasesTests(InternetNode node)
{
    /// <summary>Attacks of tenants on the API.</summary>
    internal static IReadOnlyList<string> Attacks { get; } =
        [.. CorpusFile.All.Where(static one => one is { Where: "http", NeedsInternet: true }).Select(static one => one.Id).Except(Exceptions.NotRun)];

    /// <summary>Programs inside, which the suite runs without an internet too.</summary>
    internal static IReadOnlyList<string> Programs { get; } =
        [.. CorpusFile.All.Where(static one => one is { RunsInside: true, NeedsInternet: true }).Select(static one => one.Id)];

    public static TheoryData<string> AttackRows => [.. Attacks];

    public static TheoryData<string> ProgramRows => [.. Programs];

    [Theory]
    [MemberData(nameof(AttackRows))]
    public async Task Attack_OnTheWayOut_IsHeld(string id)
    {
        var tried = CorpusFile.Case(id);
        Judge.AssertHeld(tried, await node.AssertNothingElseIsReachedAsync(() => node.RunAsync(tried)));
    }

    [Theory]
    [MemberData(nameof(ProgramRows))]
    public async Task Program_WithTwoNamesAllowed_ReachesNothingElse(string id)
    {
        var tried = CorpusFile.Case(id);
        await using var sandbox = await StrictSandbox.CreateAsync(node.Node, TestContext.Current.CancellationToken);
        Judge.AssertHeld(tried, await node.AssertNothingElseIsReachedAsync(() => sandbox.RunAsync(tried, TestContext.Current.CancellationToken)));
    }
}
