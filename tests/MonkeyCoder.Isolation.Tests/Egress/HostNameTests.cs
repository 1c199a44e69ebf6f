using System.Net;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class HostNameTests
{
    [Theory]
    [InlineData("example.com", "example.com")]
    [InlineData("EXAMPLE.Com", "example.com")]
    [InlineData("example.com.", "example.com")]
    [InlineData("a.b-c.example.co.uk", "a.b-c.example.co.uk")]
    [InlineData("xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai")]
    [InlineData("1.2.3.example.com", "1.2.3.example.com")]
    public void TryParse_Name_IsCanonical(string text, string expected)
    {
        Assert.True(HostName.TryParse(text, out var name));
        Assert.Equal(expected, name.Value);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("example")]
    [InlineData(".example.com")]
    [InlineData("example..com")]
    [InlineData("example.com..")]
    [InlineData("-a.example.com")]
    [InlineData("a-.example.com")]
    [InlineData("a_b.example.com")]
    [InlineData("exa mple.com")]
    [InlineData("example.com\0.pypi.org")]
    [InlineData("example.com%2e")]
    [InlineData("example.com/")]
    [InlineData("example.com:80")]
    [InlineData("exаmple.com")]
    [InlineData("example。com")]
    [InlineData("\u212Aiwi.example.com")]
    [InlineData("127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("0x7f.1")]
    [InlineData("example.0x7f")]
    [InlineData("example.0x")]
    [InlineData("example.123")]
    [InlineData("2130706433")]
    public void TryParse_NoName_IsRefused(string? text) => Assert.False(HostName.TryParse(text, out _));

    [Theory]
    [InlineData("localhost")]
    [InlineData("foo.localhost")]
    [InlineData("localhost.localdomain")]
    [InlineData("printer.local")]
    [InlineData("metadata.google.internal")]
    [InlineData("host.docker.internal.")]
    [InlineData("kubernetes.default.svc")]
    [InlineData("kubernetes.default.svc.cluster.local")]
    [InlineData("router.lan")]
    [InlineData("nas.home")]
    [InlineData("wiki.corp")]
    [InlineData("wiki.intranet")]
    [InlineData("evil.test")]
    [InlineData("x.invalid")]
    [InlineData("x.onion")]
    [InlineData("1.0.0.127.in-addr.arpa")]
    public void TryParse_NameOfSomebodysNetwork_IsRefused(string text) => Assert.False(HostName.TryParse(text, out _));

    [Fact]
    public void TryParse_Length_IsThatOfNames()
    {
        var label = new string('a', 63);

        Assert.True(HostName.TryParse($"{label}.{label}.{label}.{new string('a', 57)}.com", out _));
        Assert.False(HostName.TryParse($"{label}.{label}.{label}.{new string('a', 58)}.com", out _));
        Assert.False(HostName.TryParse($"{label}a.com", out _));
    }

    [Theory]
    [InlineData("1.2.3.4", true)]
    [InlineData("255.255.255.255", true)]
    [InlineData("0.0.0.0", true)]
    [InlineData("1.2.3", false)]
    [InlineData("1.2.3.4.", false)]
    [InlineData("01.2.3.4", false)]
    [InlineData("1.2.3.256", false)]
    [InlineData("1.2.3.0x4", false)]
    [InlineData("1.2.3.", false)]
    [InlineData("1.2.3.٤", false)]
    [InlineData("16909060", false)]
    public void TryParseIPv4_OnlyTheCanonicalForm_IsRead(string text, bool expected)
    {
        Assert.Equal(expected, HostName.TryParseIPv4(text, out var address));
        if (expected) Assert.Equal(IPAddress.Parse(text), address);
    }

    [Theory]
    [InlineData("example.com", "example.com", true)]
    [InlineData("Example.com.", "example.com", true)]
    [InlineData("example.com", "sub.example.com", false)]
    [InlineData("example.com", "notexample.com", false)]
    [InlineData("*.pypi.org", "files.pypi.org", true)]
    [InlineData("*.pypi.org", "a.b.c.pypi.org", true)]
    [InlineData("*.pypi.org", "pypi.org", false)]
    [InlineData("*.pypi.org", "evilpypi.org", false)]
    [InlineData("*.pypi.org", "files.pypi.org.evil.com", false)]
    public void Matches_Pattern_IsExactOrAtLeastOneMoreLabel(string pattern, string name, bool expected)
    {
        Assert.True(HostPattern.TryParse(pattern, out var parsed));
        Assert.True(HostName.TryParse(name, out var host));
        Assert.Equal(expected, parsed.Matches(host));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("*.")]
    [InlineData("*.com")]
    [InlineData("*.co.uk")]
    [InlineData("*.github.io")]
    [InlineData("*.*.example.com")]
    [InlineData("a.*.example.com")]
    [InlineData("a*.example.com")]
    [InlineData("**.example.com")]
    [InlineData("*example.com")]
    [InlineData("*.internal")]
    [InlineData("1.2.3.4")]
    [InlineData("*.3.4")]
    [InlineData("https://example.com")]
    public void TryParse_PatternThatIsTooWideOrNone_IsRefused(string text) => Assert.False(HostPattern.TryParse(text, out _));
}
