using System.Net;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Sandbox.Egress;

namespace MonkeyCoder.Sandbox.Tests.Egress;

public sealed class EgressSettingsTests
{
    [Fact]
    public void Validate_EveryBadEntry_IsShownWithItsKey()
    {
        var result = new EgressSettingsValidator().Validate(null, new EgressSettings
        {
            AllowedDomains = "example.com, *.co.uk, https://x.org, , localhost",
            RefusedNetworks = "10.0.0.0/8, x",
            OpenedNetworks = "10.0.0.0/24, 127.0.0.1, y",
            OwnAddresses = "1.2.3.4, z",
        });

        Assert.Equal(
            [
                "Egress:AllowedDomains (SANDBOX_ALLOWED_DOMAINS) has '*.co.uk'", "Egress:AllowedDomains (SANDBOX_ALLOWED_DOMAINS) has 'https://x.org'",
                "Egress:AllowedDomains (SANDBOX_ALLOWED_DOMAINS) has 'localhost'", "Egress:RefusedNetworks has 'x'",
                "Egress:OpenedNetworks has '127.0.0.1'", "Egress:OpenedNetworks has 'y'", "Egress:OwnAddresses has 'z'",
            ],
            result.Failures!.Select(static failure => failure.Split(',')[0]));
    }

    [Fact]
    public void Platform_OfTheNode_RefusesItsOwnAddressesAndTheOperatorsRanges()
    {
        var platform = NodeEgress.Platform(new EgressSettings { RefusedNetworks = "9.9.9.0/24", OpenedNetworks = "10.1.0.0/16", OwnAddresses = "5.6.7.8" });

        Assert.False(platform.IsPublic(IPAddress.Parse("5.6.7.8")));
        Assert.False(platform.IsPublic(IPAddress.Parse("9.9.9.9")));
        Assert.False(platform.IsPublic(IPAddress.Loopback));
        Assert.False(platform.IsPublic(IPAddress.Parse("10.0.0.1")));
        Assert.True(platform.IsPublic(IPAddress.Parse("10.1.0.1")));
        Assert.True(platform.IsPublic(IPAddress.Parse("8.8.8.8")));
    }

    [Fact]
    public void Default_OfTheNode_IsItsList()
    {
        var node = new NodeEgress(Options.Create(new EgressSettings { AllowedDomains = "example.com, git.example.com:22" }));

        Assert.True(HostName.TryParse("example.com", out var web));
        Assert.True(HostName.TryParse("git.example.com", out var git));
        Assert.True(node.Default.JudgeName(web, 443).IsAllowed);
        Assert.True(node.Default.JudgeName(git, 22).IsAllowed);
        Assert.Equal("port", node.Default.JudgeName(git, 443).Reason);
        Assert.False(node.Default.AllowPublic);
    }

    [Theory]
    [InlineData("8.8.8.8", "8.8.8.8/32")]
    [InlineData("8.8.8.9/24", "8.8.8.0/24")]
    [InlineData("2606:4700::1/32", "2606:4700::/32")]
    [InlineData("8.8.8.8/0", "0.0.0.0/0")]
    [InlineData("8.8.8", null)]
    [InlineData("08.8.8.8", null)]
    [InlineData("8.8.8.8/", null)]
    [InlineData("8.8.8.8/-1", null)]
    [InlineData("8.8.8.8/33", null)]
    [InlineData("::1%lo", null)]
    [InlineData("example.com", null)]
    public void ReadNetwork_Text_IsOneAddressOrRange(string text, string? expected) =>
        Assert.Equal(expected, RuleText.ReadNetwork(text)?.ToString());

    [Theory]
    [InlineData("8.8.8.8:53", "8.8.8.8/32", 53)]
    [InlineData("8.8.8.0/24:53", "8.8.8.0/24", 53)]
    [InlineData("[2606:4700::1]:53", "2606:4700::1/128", 53)]
    public void ReadAddress_WithAPort_IsThatPortOnly(string text, string network, int port)
    {
        var rule = RuleText.ReadAddress(text);

        Assert.Equal(network, rule!.Network.ToString());
        Assert.True(rule.Ports.Contains(port));
        Assert.False(rule.Ports.Contains(443));
    }

    [Fact]
    public void ReadAddress_PlainIPv6_IsNoPort() =>
        Assert.Equal("2606:4700::53/128", RuleText.ReadAddress("2606:4700::53")!.Network.ToString());
}
