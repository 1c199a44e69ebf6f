using MonkeyCoder.Security.Tests.Corpus;
using MonkeyCoder.Security.Tests.Node;

namespace MonkeyCoder.Security.Tests.Inside;

/// <summary>Hostile programs in a fresh strict sandbox, each once as a program and once as a cell.</summary>
[Collection(SecurityCollection.Name)]
[Trait("Needs", "root")]
public sealed class InsideCasesTests(SecurityNode security, InsideCasesTests.Runs runs) : IClassFixture<InsideCasesTests.Runs>
{
    private const int AtOnce = 4;

    public static TheoryData<string> Light => [.. InsideCases.Light];

    public static TheoryData<string> Cells => [.. InsideCases.Cells];

    public static TheoryData<string> Heavy => [.. InsideCases.Heavy];

    [Theory]
    [MemberData(nameof(Light))]
    public async Task Program_InAFreshSandbox_IsHeld(string id) =>
        Judge.AssertHeld(CorpusFile.Case(id), await runs.ProgramsOf(security, InsideCases.Light, AtOnce).OutcomeOf(id));

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task Cell_InAFreshSandbox_IsHeld(string id) =>
        Judge.AssertHeld(CorpusFile.Case(id), await runs.CellsOf(security, InsideCases.Cells, AtOnce).OutcomeOf(id));

    [Theory]
    [MemberData(nameof(Heavy))]
    public async Task Program_ThatUsesUpAResource_IsHeld(string id) =>
        Judge.AssertHeld(CorpusFile.Case(id), await runs.HeavyOf(security).OutcomeOf(id));

    /// <summary>The runs of one test run.</summary>
    public sealed class Runs
    {
        private CasesAhead? _programs;
        private CasesAhead? _cells;
        private CasesAhead? _heavy;

        internal CasesAhead ProgramsOf(SecurityNode security, IReadOnlyList<string> order, int atOnce) =>
            _programs ??= new CasesAhead(order, atOnce, tried => RunProgramAsync(security, tried));

        internal CasesAhead HeavyOf(SecurityNode security) =>
            _heavy ??= new CasesAhead(InsideCases.Heavy, 1, tried => RunProgramAsync(security, tried));

        internal CasesAhead CellsOf(SecurityNode security, IReadOnlyList<string> order, int atOnce) =>
            _cells ??= new CasesAhead(order, atOnce, async tried =>
            {
                using var client = security.Node.NewClient();
                return await StrictSandbox.RunCellAsync(client, tried, CancellationToken.None);
            });

        private static async Task<Outcome> RunProgramAsync(SecurityNode security, CorpusCase tried)
        {
            await using var sandbox = await StrictSandbox.CreateAsync(security.Node, CancellationToken.None);
            return await sandbox.RunAsync(tried, CancellationToken.None);
        }
    }
}
