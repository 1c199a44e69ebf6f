using System.Net;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class AddressPolicyTests
{
    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("93.184.216.34")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("169.253.255.255")]
    [InlineData("223.255.255.255")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001::1")]
    public void IsPublic_AddressOfTheInternet_Is(string address) => Assert.True(AddressPolicy.Tables.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.255.255.255")]
    [InlineData("10.0.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("100.100.100.200")]
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.170.2")]
    [InlineData("172.16.0.0")]
    [InlineData("172.31.255.254")]
    [InlineData("192.0.0.192")]
    [InlineData("192.0.2.1")]
    [InlineData("192.31.196.1")]
    [InlineData("192.52.193.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.0.1")]
    [InlineData("192.175.48.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.10")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    public void IsPublic_SpecialIPv4_IsNot(string address) => Assert.False(AddressPolicy.Tables.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("100::1")]
    [InlineData("100:0:0:1::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2001:2::1")]
    [InlineData("2001:20::1")]
    [InlineData("2620:4f:8000::1")]
    [InlineData("3fff::1")]
    [InlineData("4000::1")]
    [InlineData("5f00::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    public void IsPublic_SpecialIPv6_IsNot(string address) => Assert.False(AddressPolicy.Tables.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::8.8.8.8")]
    [InlineData("::ffff:0:8.8.8.8")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("64:ff9b:1::808:808")]
    [InlineData("2002:808:808::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2001:0:808:808::1")]
    public void IsPublic_IPv4InsideIPv6_IsNotInAnyForm(string address) => Assert.False(AddressPolicy.Tables.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public void IsPublic_OwnAndRefusedAddresses_AreNot()
    {
        var policy = new AddressPolicy(
            own: [IPAddress.Parse("5.6.7.8"), IPAddress.Parse("2606:4700::9")], refused: [IPNetwork.Parse("9.9.0.0/16"), IPNetwork.Parse("2606:4700:1::/48")]);

        Assert.False(policy.IsPublic(IPAddress.Parse("5.6.7.8")));
        Assert.False(policy.IsPublic(IPAddress.Parse("2606:4700::9")));
        Assert.False(policy.IsPublic(IPAddress.Parse("9.9.1.1")));
        Assert.False(policy.IsPublic(IPAddress.Parse("2606:4700:1::1")));
        Assert.True(policy.IsPublic(IPAddress.Parse("5.6.7.9")));
        Assert.True(policy.IsPublic(IPAddress.Parse("2606:4700::8")));
    }

    [Fact]
    public void IsPublic_OpenedRange_IsUnlessItIsTheNodesOwn()
    {
        var policy = new AddressPolicy(own: [IPAddress.Parse("10.1.0.1")], opened: [IPNetwork.Parse("10.1.0.0/24")]);

        Assert.True(policy.IsPublic(IPAddress.Parse("10.1.0.9")));
        Assert.False(policy.IsPublic(IPAddress.Parse("10.1.0.1")));
        Assert.False(policy.IsPublic(IPAddress.Parse("10.1.1.9")));
    }

    [Theory]
    [InlineData("10.0.0.0/8", true)]
    [InlineData("203.0.113.0/24", true)]
    [InlineData("127.0.0.0/8", false)]
    [InlineData("127.0.0.1/32", false)]
    [InlineData("169.254.0.0/16", false)]
    [InlineData("169.254.169.254/32", false)]
    [InlineData("100.64.0.0/10", false)]
    [InlineData("100.64.0.0/16", true)]
    [InlineData("0.0.0.0/0", false)]
    [InlineData("224.0.0.0/4", false)]
    [InlineData("fc00::/7", false)]
    public void CanOpen_Range_KeepsThisMachineAndMetadataClosed(string network, bool expected)
    {
        Assert.Equal(expected, AddressPolicy.CanOpen(IPNetwork.Parse(network)));
        if (!expected) Assert.Throws<ArgumentException>(() => new AddressPolicy(opened: [IPNetwork.Parse(network)]));
    }
}
