using MonkeyCoder.Security.Tests.Corpus;

namespace MonkeyCoder.Security.Tests.Faults;

/// <summary>Things break, the node converges: nothing leaked, nothing lost that was acknowledged, the next call works.</summary>
[Trait("Needs", "root")]
public sealed class FaultCasesTests(FaultCasesTests.Long background) : IClassFixture<FaultCasesTests.Long>
{
    // They wait more than they work, so they run beside the others; each has a node of its own.
    private static readonly string[] Waits = ["FLT-021", "FLT-043"];

    internal static IReadOnlyList<string> Cases { get; } =
        [.. CorpusFile.All.Where(static one => one.Where == "fault").Select(static one => one.Id).Except(Exceptions.NotRun)];

    public static TheoryData<string> Rows => [.. Cases.Except(Waits)];

    public static TheoryData<string> WaitingRows => [.. Cases.Intersect(Waits)];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Fault_OfAnyKind_IsHeld(string id)
    {
        background.Start();
        var tried = CorpusFile.Case(id);
        Judge.AssertHeld(tried, await FaultScenario.RunAsync(tried, smallDiskMiB: id == "FLT-010" ? 2048 : 0));
    }

    [Theory]
    [MemberData(nameof(WaitingRows))]
    public async Task Fault_ThatTakesTime_IsHeld(string id)
    {
        foreach (var outcome in await background.OutcomesOf(id)) Judge.AssertHeld(CorpusFile.Case(id), outcome);
    }

    /// <summary>The cases that wait, begun with the first of the others.</summary>
    public sealed class Long
    {
        // A hundred rounds of five seconds, shared by scenarios that run at once.
        private const int Shares = 4;
        private const int Rounds = 100;

        private readonly Dictionary<string, Lazy<Task<Outcome[]>>> _runs = new()
        {
            ["FLT-021"] = new(static () => Task.WhenAll(FaultScenario.RunAsync(CorpusFile.Case("FLT-021")))),
            ["FLT-043"] = new(static () => Task.WhenAll(
                Enumerable.Range(0, Shares).Select(static _ => FaultScenario.RunAsync(CorpusFile.Case("FLT-043"), rounds: Rounds / Shares)))),
        };

        internal void Start()
        {
            foreach (var run in _runs.Values) _ = run.Value;
        }

        internal Task<Outcome[]> OutcomesOf(string id) => _runs[id].Value;
    }
}
