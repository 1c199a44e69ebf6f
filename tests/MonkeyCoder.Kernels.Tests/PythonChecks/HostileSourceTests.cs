using System.Text;
using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.PythonChecks;

/// <summary>Source that is made to hurt its parser: the check says so or comes to its end, and the next check works.</summary>
public sealed class HostileSourceTests(PythonChecker shared) : IClassFixture<PythonChecker>
{
    private readonly KernelProcess _checker = shared.Kernel;

    public static TheoryData<string, string> Sources => new()
    {
        { "parentheses", new string('(', 100_000) },
        { "brackets closed", new string('[', 5000) + new string(']', 5000) },
        { "signs", new string('-', 200_000) + "1" },
        { "not", string.Concat(Enumerable.Repeat("not ", 100_000)) + "1" },
        { "attributes", "a" + string.Concat(Enumerable.Repeat(".b", 200_000)) },
        { "calls", "a" + string.Concat(Enumerable.Repeat("()", 200_000)) },
        { "sums", string.Join('+', Enumerable.Repeat("'a'", 100_000)) },
        { "lambdas", string.Concat(Enumerable.Repeat("lambda:", 50_000)) + "1" },
        { "blocks", string.Concat(Enumerable.Range(0, 1000).Select(depth => new string(' ', depth) + "if 1:\n")) + new string(' ', 1000) + "1" },
        { "number", new string('9', 1_000_000) },
        { "hexadecimal", "0x" + new string('f', 900_000) },
        { "string", "'" + new string('x', 1_000_000) + "'" },
        { "elements", "x = [" + string.Concat(Enumerable.Repeat("1,", 490_000)) + "]" },
        { "names", string.Concat(Enumerable.Range(0, 100_000).Select(static i => $"a{i}=1\n")) },
        { "aliases", "import os as a0\n" + string.Concat(Enumerable.Range(0, 30_000).Select(static i => $"a{i + 1}=a{i}\n")) },
        { "magics", string.Concat(Enumerable.Repeat("!ls\n", 50_000)) },
        { "f-strings", string.Concat(Enumerable.Repeat("f'{", 1000)) },
        { "zeros", new string('\0', 100_000) },
        { "escapes", "'" + string.Concat(Enumerable.Repeat(@"\N{BULLET}", 90_000)) + "'" },
        { "cookie", "# coding: utf-16\n" + new string('x', 1000) },
        { "newlines", new string('\n', 1_000_000) },
        { "returns", string.Concat(Enumerable.Repeat("\r", 500_000)) + "eval(1)" },
        { "backslashes", string.Concat(Enumerable.Repeat("\\\n", 400_000)) },
    };

    [Theory]
    [MemberData(nameof(Sources))]
    public void Check_HostileSource_EndsAndTheNextCheckWorks(string name, string source)
    {
        Assert.True(Encoding.UTF8.GetByteCount(source) <= 1024 * 1024, name);
        CheckAndTheNext(source);
        // Short source is read by the checker itself and not by a child.
        CheckAndTheNext(source[..Math.Min(source.Length, 8000)]);
    }

    private void CheckAndTheNext(string source)
    {
        var outcome = _checker.Run(source);

        Assert.False(outcome.Died);
        var answer = outcome.Findings!.Value;
        // Either what stopped it, or a whole answer.
        if (answer.TryGetProperty("limit", out var limit)) Assert.Contains(limit.GetString(), new[] { "time", "memory", "depth", "crash" });
        else Assert.True(answer.TryGetProperty("findings", out _));
        Assert.Equal("dynamic-code", _checker.Run("eval('1')").Findings!.Value.GetProperty("findings")[0].GetProperty("rule").GetString());
    }

    [Fact]
    public void Check_SourceThatNeedsMuchMemory_IsStopped()
    {
        // Each element is an object of its own in the tree.
        var answer = _checker.Run("x = [" + string.Concat(Enumerable.Repeat("1,", 490_000)) + "]").Findings!.Value;

        Assert.Contains(answer.GetProperty("limit").GetString(), new[] { "memory", "time" });
    }
}
