using System.Reflection;
using System.Text;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Sandbox.Problems;

namespace MonkeyCoder.Sandbox.Tests.Documents;

public sealed class ProblemsDocumentTests
{
    private const string Introduction = """
        # Problems

        Errors of the sandbox service's own API (`/sandbox/*`, `/health`, `/metrics`) are `application/problem+json` (RFC 9457):
        `type` is `/problems/` and the code, `code` is stable, `detail` says what to do, `traceId` finds the request in the
        service's log. The E2B API answers in E2B's own form instead. Code that fails *inside* a sandbox is no problem of the
        service: it is a 200 whose `status`, `reason` and `result.error` tell.

        The table is written from the code (`ProblemCatalog`), and a test compares the two.

        | code | status | meaning | what to do |
        |---|---|---|---|

        """;

    [Fact]
    public void Document_OfTheCatalog_IsTheFile()
    {
        var text = new StringBuilder(Introduction);
        foreach (var kind in ProblemCatalog.All)
            text.Append(null, $"| `{kind.Code}` | {kind.Status} | {kind.Meaning} | {kind.Remedy} |\n");

        RepositoryDocument.AssertIs("PROBLEMS.md", text.ToString());
    }

    [Fact]
    public void Catalog_EveryCode_IsThereOnce()
    {
        var codes = typeof(ProblemCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (string)field.GetRawConstantValue()!);

        Assert.Equal(codes.Order(StringComparer.Ordinal), ProblemCatalog.All.Select(kind => kind.Code).Order(StringComparer.Ordinal));
    }
}
