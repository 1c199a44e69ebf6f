using System.Buffers.Binary;
using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Zygotes;

namespace MonkeyCoder.Isolation.Tests.Zygotes;

public sealed class ForkPlanTests
{
    private static readonly KernelPlanMessage Usual = new(1001, 1001, [], new Dictionary<string, string> { ["HOME"] = "/home/user", ["PATH"] = "/bin" }, "/w");

    [Fact]
    public void Suits_TheUserOfTheSandbox_IsForked()
    {
        Assert.True(ForkPlan.Suits(Usual, SandboxProfile.Strict));
        Assert.True(ForkPlan.Suits(Usual with { Groups = [1001, 27] }, SandboxProfile.Workspace));
        Assert.True(ForkPlan.Suits(With("SECRET", "x"), SandboxProfile.Strict));
    }

    [Fact]
    public void Suits_AnythingThatAForkWouldBeWithout_IsStarted()
    {
        foreach (var plan in new[]
        {
            Usual with { UserId = 0 }, Usual with { UserId = -1 }, Usual with { GroupId = 0 }, Usual with { Groups = [1001] },
            With("HOME", "/root"), With("PYTHONHASHSEED", "1"), With("LD_PRELOAD", "x"), With("LC_ALL", "C"), With("OMP_NUM_THREADS", "4"),
        }) Assert.False(ForkPlan.Suits(plan, SandboxProfile.Strict), plan.ToString());
        Assert.False(ForkPlan.Suits(Usual with { Groups = [0] }, SandboxProfile.Workspace));
        Assert.False(ForkPlan.Suits(Usual with { Groups = [65536] }, SandboxProfile.Workspace));
    }

    [Fact]
    public void Write_APlan_HasWhatTheSandboxSaysInItsLastPartOnly()
    {
        var plan = new ForkPlan(With("SECRET", "s3cret"), [(1, ulong.MaxValue), (2, 3)], 0x20, Locked: true);

        var rest = plan.Write([1, 2, 3]).Span;
        var parts = new List<string>();
        while (!rest.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            parts.Add(Encoding.UTF8.GetString(rest.Slice(sizeof(int), length)));
            rest = rest[(sizeof(int) + length)..];
        }

        Assert.Equal(
            [
                """{"limits":[[0,1,-1],[1,2,3]],"bounding":32,"locked":true,"user":1001,"group":1001,"groups":[]}""", "\u0001\u0002\u0003",
                """{"directory":"/w","variables":{"HOME":"/home/user","PATH":"/bin","SECRET":"s3cret"}}""",
            ],
            parts);
    }

    private static KernelPlanMessage With(string name, string value) =>
        Usual with { Environment = new Dictionary<string, string>(Usual.Environment) { [name] = value } };
}
