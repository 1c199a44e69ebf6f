using MonkeyCoder.Security.Tests.Corpus;

namespace MonkeyCoder.Security.Tests.Http;

/// <summary>Attacks on the API by tenants and by those who have no key.</summary>
[Trait("Needs", "root")]
public sealed class HttpCasesTests(HttpNode node) : IClassFixture<HttpNode>
{
    private const long Mebibyte = 1024 * 1024;

    // Uses up what one address may guess.
    private const string Guesses = "API-061";

    /// <summary>Every case that runs here, in that order.</summary>
    internal static IReadOnlyList<string> Cases { get; } =
    [
        .. CorpusFile.All.Where(static one => one.Where == "http" && !one.NeedsInternet).Select(static one => one.Id).Except(Exceptions.NotRun).OrderBy(static id => id == Guesses),
    ];

    public static TheoryData<string> Rows => [.. Cases];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Attack_OnTheApi_IsHeld(string id)
    {
        var tried = CorpusFile.Case(id);
        var before = node.ResidentBytes;
        Judge.AssertHeld(tried, await node.RunAsync(tried));

        Assert.Equal(0, node.CanaryHits);
        if (tried.Judge == "stdout+host")
            Assert.True(node.ResidentBytes - before < 64 * Mebibyte, $"the service grew by {(node.ResidentBytes - before) / Mebibyte} MiB");
    }
}
