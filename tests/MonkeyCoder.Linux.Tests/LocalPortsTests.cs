namespace MonkeyCoder.Linux.Tests;

public sealed class LocalPortsTests
{
    [Theory]
    [InlineData("32768\t60999\n", 32768, 40959)]
    [InlineData("1024 65535", 1024, 9215)]
    [InlineData("50000 50999", 50000, 50499)]
    [InlineData("50000 50000", 50000, 50000)]
    public void OfSandboxes_OfARange_LeavesTheMachineHalfOfIt(string range, int lowest, int highest) =>
        Assert.Equal(new LocalPorts((ushort)lowest, (ushort)highest), LocalPorts.OfSandboxes(range));
}
