using MonkeyCoder.Security.Tests.Faults;
using MonkeyCoder.Security.Tests.Http;
using MonkeyCoder.Security.Tests.Inside;
using MonkeyCoder.Security.Tests.Internet;

namespace MonkeyCoder.Security.Tests.Corpus;

/// <summary>No case is forgotten, and no exception outlives its reason.</summary>
public sealed class CoverageTests
{
    private static readonly string[] Run =
        [.. InsideCases.All, .. HttpCasesTests.Cases, .. InternetCasesTests.Attacks, .. FaultCasesTests.Cases];

    [Fact]
    public void EveryCase_IsRunOrExcepted_InOnePlaceOnly()
    {
        var places = Run.Concat(Exceptions.NotRun).ToLookup(static id => id);
        Assert.NotEmpty(CorpusFile.All);
        Assert.All(CorpusFile.All, one => Assert.Single(places[one.Id]));
        Assert.Equal(CorpusFile.All.Count, places.Count);
    }

    [Fact]
    public void EveryException_NamesACase_AndSaysWhy()
    {
        var known = CorpusFile.All.Select(static one => one.Id).ToHashSet();
        var lists = new[] { Exceptions.Waiting, Exceptions.Elsewhere, Exceptions.NotApplicable, Exceptions.AcceptedSkips };
        Assert.All(lists.SelectMany(static list => list), exception =>
        {
            Assert.Contains(exception.Key, known);
            Assert.False(string.IsNullOrWhiteSpace(exception.Value));
        });
    }

    [Fact]
    public void EveryCaseOfAnotherSuite_HasItsTestThere() => Assert.All(
        Exceptions.Elsewhere.Values.Distinct(),
        static file => Assert.Contains("corpus.jsonl", File.ReadAllText(Path.Combine(MonkeyCoder.Testing.Nodes.Repository.Root, file)), StringComparison.Ordinal));

    [Fact]
    public void EveryAcceptedSkip_IsOfACaseThatRuns() => Assert.Empty(Exceptions.AcceptedSkips.Keys.Except(Run));
}
