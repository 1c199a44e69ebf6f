using MonkeyCoder.Security.Tests.Corpus;

namespace MonkeyCoder.Security.Tests.Faults;

/// <summary>Things break, the node converges: nothing leaked, nothing lost that was acknowledged, the next call works.</summary>
[Trait("Needs", "root")]
public sealed class FaultCasesTests(FaultCasesTests.Runs runs) : IClassFixture<FaultCasesTests.Runs>
{
    // Each has a node of its own, on which alone it looks for what is left.
    private const int AtOnce = 2;

    // They wait for most of a minute, so they come first and at once.
    private static readonly string[] Waits = ["FLT-021", "FLT-043"];

    internal static IReadOnlyList<string> Cases { get; } =
    [
        .. CorpusFile.All.Where(static one => one.Where == "fault").Select(static one => one.Id).Except(Exceptions.NotRun)
            .OrderByDescending(static id => Waits.Contains(id)),
    ];

    public static TheoryData<string> Rows => [.. Cases];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Fault_OfAnyKind_IsHeld(string id) => Judge.AssertHeld(CorpusFile.Case(id), await runs.Ahead.OutcomeOf(id));

    /// <summary>The runs of one test run.</summary>
    public sealed class Runs : IAsyncLifetime
    {
        internal CasesAhead Ahead { get; } = new(Cases, AtOnce, static tried => tried.Id switch
        {
            // It fills the disk of its state directory.
            "FLT-010" => FaultScenario.RunAsync(tried, smallDiskMiB: 2048),
            // A hundred rounds of five seconds, which are waits.
            "FLT-043" => FaultScenario.RunAsync(tried, shares: 10),
            _ => FaultScenario.RunAsync(tried),
        });

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync() => await Ahead.EndedAsync();
    }
}
