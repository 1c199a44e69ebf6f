using System.Net;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class EgressPolicyTests
{
    private static readonly EgressPolicy Public = new() { AllowPublic = true };

    [Fact]
    public void DenyAll_Anything_IsNotAllowed()
    {
        Assert.True(EgressPolicy.DenyAll.AllowsNothing);
        Assert.Equal("not_allowed", EgressPolicy.DenyAll.JudgeName(Name("example.com"), 443).Reason);
        Assert.Equal("not_allowed", Judge(EgressPolicy.DenyAll, "1.1.1.1", 443));
        Assert.False(EgressPolicy.DenyAll.MayResolve(Name("example.com")));
    }

    [Theory]
    [InlineData("example.com", 80, null)]
    [InlineData("example.com", 443, null)]
    [InlineData("example.com", 22, "port")]
    [InlineData("db.example.com", 5432, null)]
    [InlineData("db.example.com", 443, "port")]
    [InlineData("files.pypi.org", 443, null)]
    [InlineData("pypi.org", 443, "not_allowed")]
    public void JudgeName_RulesWithPorts_Hold(string name, int port, string? reason)
    {
        var policy = new EgressPolicy
        {
            AllowedHosts =
            [
                new(Pattern("example.com"), PortSet.Web), new(Pattern("*.pypi.org"), PortSet.Web),
                new(Pattern("db.example.com"), PortSet.Only(5432)),
            ],
        };

        Assert.Equal(reason, policy.JudgeName(Name(name), port).Reason);
        Assert.Equal(reason != "not_allowed", policy.MayResolve(Name(name)));
        // Names do not open addresses.
        Assert.Equal("not_allowed", Judge(policy, "93.184.216.34", 443));
    }

    [Theory]
    [InlineData("1.1.1.1", 443, null)]
    [InlineData("1.1.1.1", 22, null)]
    [InlineData("1.1.1.1", 25, "port")]
    [InlineData("1.1.1.1", 0, "port")]
    [InlineData("1.1.1.1", 65536, "port")]
    [InlineData("10.0.0.1", 443, "special_address")]
    [InlineData("169.254.169.254", 80, "special_address")]
    [InlineData("::ffff:1.1.1.1", 80, "special_address")]
    public void JudgeAddress_EverythingPublic_LeavesSpecialAddressesAndMailClosed(string address, int port, string? reason) =>
        Assert.Equal(reason, Judge(Public, address, port));

    [Theory]
    [InlineData("8.8.8.8", 53, null)]
    [InlineData("9.9.9.9", 53, null)]
    [InlineData("9.9.9.9", 443, "port")]
    [InlineData("8.8.9.1", 53, "not_allowed")]
    [InlineData("10.1.2.3", 80, "special_address")]
    [InlineData("127.0.0.1", 80, "special_address")]
    public void JudgeAddress_AllowedNetworks_NeverOpenSpecialOnes(string address, int port, string? reason)
    {
        var policy = new EgressPolicy
        {
            AllowedNetworks =
            [
                Network("8.8.8.0/24"), new NetworkRule(IPNetwork.Parse("9.9.9.9/32"), PortSet.Only(53)),
                Network("10.0.0.0/8"), Network("127.0.0.0/8"),
            ],
        };

        Assert.Equal(reason, Judge(policy, address, port));
    }

    [Theory]
    [InlineData("1.1.1.1", "denied")] // denied in a wider range
    [InlineData("1.2.3.4", null)] // allowed in a narrower range
    [InlineData("1.2.9.9", "denied")]
    [InlineData("4.4.4.4", "denied")] // as wide as the allowed one
    [InlineData("5.5.5.5", null)]
    [InlineData("5.5.5.6", "denied")]
    public void JudgeAddress_DeniedAndAllowed_TheMoreSpecificHolds(string address, string? reason)
    {
        var policy = Public with
        {
            DeniedNetworks = [.. new[] { "1.0.0.0/8", "4.4.4.0/24", "5.5.5.6/32" }.Select(text => IPNetwork.Parse(text))],
            AllowedNetworks = [Network("1.2.3.0/24"), Network("4.4.4.0/24"), Network("5.0.0.0/8")],
        };

        Assert.Equal(reason, Judge(policy, address, 443));
    }

    [Theory]
    [InlineData(443, null)]
    [InlineData(22, "denied")]
    public void Judge_DeniedAndAllowedAtOnePort_IsDeniedAtAllOthers(int port, string? reason)
    {
        var policy = Public with
        {
            DeniedNetworks = [IPNetwork.Parse("1.2.3.0/24")],
            AllowedNetworks = [new NetworkRule(IPNetwork.Parse("1.2.3.4/32"), PortSet.Only(443))],
        };

        Assert.Equal(reason, Judge(policy, "1.2.3.4", port));
        Assert.Equal(reason, policy.JudgeAnswer(Addresses("1.2.3.4"), AddressPolicy.Tables, out _, port).Reason);
        Assert.True(policy.JudgeAnswer(Addresses("1.2.3.4"), AddressPolicy.Tables, out _).IsAllowed);
    }

    [Fact]
    public void JudgeAnswer_OneSpecialAddress_RefusesAll()
    {
        var verdict = Public.JudgeAnswer(Addresses("1.1.1.1", "10.0.0.5"), AddressPolicy.Tables, out var usable);

        Assert.Equal("special_address", verdict.Reason);
        Assert.Empty(usable);
    }

    [Fact]
    public void JudgeAnswer_DeniedAddresses_AreLeftOut()
    {
        var policy = Public with { DeniedNetworks = [IPNetwork.Parse("1.1.1.0/24")] };

        Assert.True(policy.JudgeAnswer(Addresses("1.1.1.1", "1.0.0.1", "2606:4700::1"), AddressPolicy.Tables, out var usable).IsAllowed);
        Assert.Equal(Addresses("1.0.0.1", "2606:4700::1"), usable);
        Assert.Equal("denied", policy.JudgeAnswer(Addresses("1.1.1.1"), AddressPolicy.Tables, out _).Reason);
    }

    [Fact]
    public void JudgeAnswer_Nothing_IsUnresolved() =>
        Assert.Equal("unresolved", Public.JudgeAnswer([], AddressPolicy.Tables, out _).Reason);

    [Fact]
    public void HeadersFor_Name_AreThoseOfItsRules()
    {
        var policy = Public with
        {
            HeaderRules =
            [
                new(Pattern("*.example.com"), new Dictionary<string, string> { ["Authorization"] = "wide", ["X-A"] = "1" }),
                new(Pattern("api.example.com"), new Dictionary<string, string> { ["authorization"] = "narrow" }),
            ],
        };

        var headers = policy.HeadersFor(Name("api.example.com"));

        Assert.Equal("narrow", headers["Authorization"]);
        Assert.Equal("1", headers["X-A"]);
        Assert.Empty(policy.HeadersFor(Name("example.com")));
        Assert.DoesNotContain("wide", policy.HeaderRules[0].ToString(), StringComparison.Ordinal);
    }

    private static string? Judge(EgressPolicy policy, string address, int port) =>
        policy.JudgeAddress(IPAddress.Parse(address), port, AddressPolicy.Tables).Reason;

    private static HostName Name(string text) => HostName.TryParse(text, out var name) ? name : throw new ArgumentException(text);

    private static HostPattern Pattern(string text) => HostPattern.TryParse(text, out var pattern) ? pattern : throw new ArgumentException(text);

    private static NetworkRule Network(string text) => new(IPNetwork.Parse(text), PortSet.AllButMail);

    private static IPAddress[] Addresses(params string[] texts) => [.. texts.Select(IPAddress.Parse)];
}
