using MonkeyCoder.Security.Tests.Corpus;

namespace MonkeyCoder.Security.Tests.Faults;

/// <summary>Things break, the node converges: nothing leaked, nothing lost that was acknowledged, the next call works.</summary>
[Trait("Needs", "root")]
public sealed class FaultCasesTests
{
    internal static IReadOnlyList<string> Cases { get; } =
        [.. CorpusFile.All.Where(static one => one.Where == "fault").Select(static one => one.Id).Except(Exceptions.NotRun)];

    public static IEnumerable<TheoryDataRow<string>> Rows => Cases.Select(static id => new TheoryDataRow<string>(id).WithTrait("Case", id));

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Fault_OfAnyKind_IsHeld(string id)
    {
        var tried = CorpusFile.Case(id);
        Judge.AssertHeld(tried, await (id switch
        {
            // It fills the disk of its state directory.
            "FLT-010" => FaultScenario.RunAsync(tried, smallDiskMiB: 2048),
            // A hundred rounds of five seconds, which are waits.
            "FLT-043" => FaultScenario.RunAsync(tried, shares: 10),
            _ => FaultScenario.RunAsync(tried),
        }));
    }
}
