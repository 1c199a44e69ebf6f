using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Contracts.Tests.Agent;

public sealed class ConfinePlanTests
{
    [Fact]
    public void Plan_WrittenAndRead_IsTheSame()
    {
        var plan = new ConfinePlan(
            "/state/roots/0/upper", 1_200_000_000, 10, [new ConfineLimit(6, 160, 160), new ConfineLimit(3, 8, long.MaxValue)],
            ["/home/user", "/tmp"], ["/dev/null"], new byte[] { 6, 0, 0, 0, 0, 0, 255, 127 }, "/opt/monkeycoder/monkey-agent", ["PATH=/bin"],
            34567, new byte[] { 1, 2, 3 }, new byte[] { 4, 5 });
        var writer = new WireWriter();
        plan.Write(writer);

        var reader = new WireReader(writer.Written);
        var read = ConfinePlan.Read(ref reader);

        Assert.True(reader.AtEnd);
        Assert.Equal((plan.Root, plan.UserId, plan.Nice, plan.Program), (read.Root, read.UserId, read.Nice, read.Program));
        Assert.Equal(plan.Limits, read.Limits);
        Assert.Equal(plan.Writable, read.Writable);
        Assert.Equal(plan.Devices, read.Devices);
        Assert.Equal(plan.Environment, read.Environment);
        Assert.Equal(plan.Filter.ToArray(), read.Filter.ToArray());
        Assert.Equal(plan.GatePort, read.GatePort);
        Assert.Equal(plan.GateSecret.ToArray(), read.GateSecret.ToArray());
        Assert.Equal(plan.GateFilter.ToArray(), read.GateFilter.ToArray());
    }

    [Fact]
    public void Read_MoreLimitsThanThereAreBytes_Refuses()
    {
        var writer = new WireWriter();
        writer.WriteString("/");
        writer.WriteInt32(1);
        writer.WriteInt32(0);
        writer.WriteInt32(int.MaxValue);

        Assert.Throws<InvalidDataException>(() =>
        {
            var reader = new WireReader(writer.Written);
            ConfinePlan.Read(ref reader);
        });
    }
}
