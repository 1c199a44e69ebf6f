using System.Text.Json.Nodes;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Oci;

public sealed class SeccompProfileTests
{
    [Fact]
    public void Render_Strict_IsTheGoldenFilter()
    {
        var golden = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Oci/seccomp-code.golden.json")))!;

        var rendered = JsonNode.Parse(SeccompProfile.Render(SandboxProfile.Strict))!;

        Assert.Equal(golden["defaultAction"]!.ToJsonString(), rendered["defaultAction"]!.ToJsonString());
        Assert.Equal(golden["defaultErrnoRet"]!.ToJsonString(), rendered["defaultErrnoRet"]!.ToJsonString());
        Assert.Equal(golden["architectures"]!.ToJsonString(), rendered["architectures"]!.ToJsonString());
        Assert.Equal(Rules(golden), Rules(rendered));
    }

    [Fact]
    public void Render_Workspace_AddsChrootAndAnswersForAuditOnly()
    {
        var strict = Rules(JsonNode.Parse(SeccompProfile.Render(SandboxProfile.Strict))!);
        var workspace = Rules(JsonNode.Parse(SeccompProfile.Render(SandboxProfile.Workspace))!);

        Assert.Equal(["chroot SCMP_ACT_ALLOW  ", "socket SCMP_ACT_ERRNO 93 0 SCMP_CMP_MASKED_EQ 4294967295 16 and 2 SCMP_CMP_MASKED_EQ 4294967295 9"], workspace.Except(strict));
        Assert.Equal(["chroot SCMP_ACT_ERRNO 1 "], strict.Except(workspace));
    }

    [Theory]
    [InlineData("deny read")]
    [InlineData("allow")]
    [InlineData("errno EPERM read")]
    [InlineData("allow-if clone")]
    [InlineData("errno-if clone arg0 & 1 == 1")]
    [InlineData("errno-if 1 clone arg0 == 1")]
    [InlineData("errno-if 1 clone arg0 & 1 == 1 and arg1 == 1")]
    [InlineData("allow-if clone arg7 == 1")]
    [InlineData("allow-if clone arg0 > 1")]
    [InlineData("allow-if clone arg0 == one")]
    [InlineData("only nobody allow read")]
    public void Parse_MalformedLine_NamesIt(string line) =>
        Assert.Contains(line, Assert.Throws<FormatException>(() => SeccompProfile.Parse(line + "\n", "strict")).Message, StringComparison.Ordinal);

    /// <summary>One line for each call and condition, so that order and grouping do not count.</summary>
    private static SortedSet<string> Rules(JsonNode filter)
    {
        var rules = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var rule in filter["syscalls"]!.AsArray())
        {
            var arguments = string.Join(" and ", (rule!["args"]?.AsArray() ?? []).Select(argument =>
                $"{argument!["index"]} {argument["op"]} {argument["value"]} {argument["valueTwo"] ?? 0}"));
            foreach (var name in rule["names"]!.AsArray()) rules.Add($"{name} {rule["action"]} {rule["errnoRet"]} {arguments}");
        }

        return rules;
    }
}
