using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Contracts.Tests.Agent;

public sealed class LaunchPlanTests
{
    [Fact]
    public void Plan_WrittenAndRead_IsTheSame()
    {
        var plan = new LaunchPlan(
            2_000_000, 65536, 300, [new ConfineLimit(7, 1024, 4096)], ["/sys/fs/cgroup/pids/g/cgroup.procs"], 2,
            new byte[] { 8, 0, 0, 0 }, new byte[] { 1, 2, 3 });
        var writer = new WireWriter();
        plan.Write(writer);

        var reader = new WireReader(writer.Written);
        var read = LaunchPlan.Read(ref reader);

        Assert.True(reader.AtEnd);
        Assert.Equal((plan.FirstId, plan.Ids, plan.OutOfMemoryScore, plan.Count), (read.FirstId, read.Ids, read.OutOfMemoryScore, read.Count));
        Assert.Equal(plan.Limits, read.Limits);
        Assert.Equal(plan.Groups, read.Groups);
        Assert.Equal(plan.Relocations.ToArray(), read.Relocations.ToArray());
        Assert.Equal(plan.Image.ToArray(), read.Image.ToArray());
    }

    [Theory]
    [InlineData(17, null)]
    [InlineData(0, "no more processes")]
    public void Answer_WrittenAndRead_IsTheSame(int pid, string? failure)
    {
        var writer = new WireWriter();
        new LaunchAnswer(pid, failure).Write(writer);

        var reader = new WireReader(writer.Written);

        Assert.Equal(new LaunchAnswer(pid, failure), LaunchAnswer.Read(ref reader));
    }
}
