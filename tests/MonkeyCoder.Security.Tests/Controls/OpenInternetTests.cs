using MonkeyCoder.Security.Tests.Corpus;
using MonkeyCoder.Security.Tests.Internet;

namespace MonkeyCoder.Security.Tests.Controls;

/// <summary>Cases about the way out, in a network namespace that is the fake internet of the cases, without a gateway.</summary>
[Trait("Needs", "root")]
public sealed class OpenInternetTests
{
    private static readonly string[] Namespaces = ["--net", "--pid", "--mount-proc"];

    [Fact]
    public async Task Programs_WithoutAGateway_AllBreach()
    {
        var internet = Path.Combine(CorpusFile.Directory, "tools/fake_internet.py");
        var verdicts = await ControlRun.RunAsync(InternetCasesTests.Programs, Namespaces, "open-internet.sh", internet);

        Assert.NotEmpty(verdicts);
        Assert.All(verdicts, static verdict => Assert.True(verdict.Value == Verdict.Breach, $"{verdict.Key}: {verdict.Value}"));
    }
}
