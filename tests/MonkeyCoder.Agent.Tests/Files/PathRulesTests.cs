using MonkeyCoder.Agent.Files;
using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Agent.Tests.Files;

public sealed class PathRulesTests
{
    private static readonly UserAccount User = new("user", 1001, 1001, "/home/user", [1001]);

    [Theory]
    [InlineData("", null, "/home/user")]
    [InlineData("", "/work", "/work")]
    [InlineData("~", "/work", "/home/user")]
    [InlineData("~/a/../b", null, "/home/user/b")]
    [InlineData("a/./b//c/", "/work", "/home/user/a/b/c")]
    [InlineData("../../../x", null, "/x")]
    [InlineData("/a/../b", null, "/a/../b")]
    [InlineData("a~b", null, "/home/user/a~b")]
    public void Resolve_ByTheRules_IsAbsolute(string path, string? workdir, string expected) =>
        Assert.Equal(expected, PathRules.Resolve(path, User, workdir));

    [Theory]
    [InlineData("~root/x")]
    [InlineData("a\0b")]
    public void Resolve_OtherHomeOrNul_IsRefused(string path) =>
        Assert.Equal(AgentErrorCode.InvalidArgument, Assert.Throws<AgentFault>(() => PathRules.Resolve(path, User, null)).Code);

    [Theory]
    [InlineData("/a/b", "/a", "b")]
    [InlineData("/a/", "/", "a")]
    [InlineData("/", null, "/")]
    public void ParentAndName_SplitThePath(string path, string? parent, string name) =>
        Assert.Equal((parent, name), (PathRules.Parent(path), PathRules.Name(path)));
}
