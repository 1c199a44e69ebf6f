using System.Net;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class UrlPolicyTests
{
    private static readonly EgressPolicy Public = new() { AllowPublic = true, PublicPorts = [PortSet.Web] };
    private static readonly UrlPolicy Urls = new(Public, AddressPolicy.Tables);

    [Theory]
    [InlineData("HTTPS://EXAMPLE.COM./Path?q=1#f", "https://example.com/Path?q=1")]
    [InlineData("http://example.com", "http://example.com/")]
    [InlineData("http://example.com?x", "http://example.com/?x")]
    [InlineData("http://example.com:443/", "http://example.com:443/")]
    [InlineData("https://example.com:0443/", "https://example.com/")]
    [InlineData("http://1.1.1.1./", "http://1.1.1.1/")]
    [InlineData("http://[2606:4700:4700:0:0::1111]/", "http://[2606:4700:4700::1111]/")]
    public void Judge_Allowed_GivesTheCanonicalForm(string text, string canonical)
    {
        var verdict = Urls.Judge(text);

        Assert.True(verdict.IsAllowed);
        Assert.Equal(canonical, verdict.Url!.ToString());
        Assert.Equal(verdict.Url.Name is not null, verdict.MustResolve);
        Assert.Equal(canonical, new Uri(canonical).AbsoluteUri);
    }

    [Theory]
    [InlineData(null, "bad_url")]
    [InlineData("", "bad_url")]
    [InlineData("https://exa mple.com/", "bad_url")]
    [InlineData("https:example.com", "bad_url")]
    [InlineData("ftp://example.com/", "scheme")]
    [InlineData("example.com", "scheme")]
    [InlineData("https://a:b@example.com/", "credentials")]
    [InlineData("https://example.com@evil.org/", "credentials")]
    [InlineData("https:///example.com/", "bad_host")]
    [InlineData("https://example.com:443x/", "bad_host")]
    [InlineData("https://example.com:/", "bad_host")]
    [InlineData("http://127.1/", "bad_host")]
    [InlineData("http://[::1/", "bad_host")]
    [InlineData("http://[1.2.3.4]/", "bad_host")]
    [InlineData("http://[fe80::1%25eth0]/", "bad_host")]
    [InlineData("http://redis/", "bad_host")]
    [InlineData("http://localhost/", "special_name")]
    [InlineData("http://foo.localhost/", "special_name")]
    [InlineData("http://example.com:0/", "port")]
    [InlineData("http://example.com:65536/", "port")]
    [InlineData("http://example.com:22/", "port")]
    [InlineData("http://10.0.0.1/", "special_address")]
    [InlineData("http://127.0.0.1./", "special_address")]
    [InlineData("http://[::ffff:8.8.8.8]/", "special_address")]
    public void Judge_Refused_SaysWhy(string? text, string reason)
    {
        var verdict = Urls.Judge(text);

        Assert.Equal(reason, verdict.Reason);
        Assert.Null(verdict.Url);
    }

    [Fact]
    public void Judge_WebSocketSchemes_AreAllowedOnlyWhereAskedFor()
    {
        Assert.Equal("scheme", Urls.Judge("wss://example.com/").Reason);

        var relay = new UrlPolicy(Public, AddressPolicy.Tables, ["ws", "wss"]);
        Assert.Equal(443, relay.Judge("wss://example.com/").Url!.Port);
        Assert.Equal("scheme", relay.Judge("https://example.com/").Reason);
    }

    [Theory]
    [InlineData("https://other.org/x", "https://other.org/x")]
    [InlineData("//other.org/x", "https://other.org/x")]
    [InlineData("/x", "https://example.com/x")]
    [InlineData("x?a=http://b", "https://example.com/dir/x?a=http://b")]
    [InlineData("?b", "https://example.com/dir/page?b")]
    public void JudgeRedirect_Location_IsReadAgainstWhereItCameFrom(string location, string expected) =>
        Assert.Equal(expected, Urls.JudgeRedirect(From("https://example.com/dir/page?a"), location).Url!.ToString());

    [Theory]
    [InlineData("http://example.com/", "downgrade")]
    [InlineData("http://169.254.169.254/", "special_address")]
    [InlineData("//127.0.0.1/", "special_address")]
    [InlineData("file:///etc/passwd", "scheme")]
    [InlineData("//a@b.org/", "credentials")]
    [InlineData("\\\\evil.org\\", "bad_url")]
    public void JudgeRedirect_Refused_SaysWhy(string location, string reason) =>
        Assert.Equal(reason, Urls.JudgeRedirect(From("https://example.com/dir/page"), location).Reason);

    [Fact]
    public void JudgeRedirect_ManyHops_EndAtTheLimit()
    {
        var url = From("http://example.com/0");
        for (var hop = 1; hop <= UrlPolicy.MaxRedirects; hop++) url = Urls.JudgeRedirect(url, $"/{hop}").Url!;

        Assert.Equal(UrlPolicy.MaxRedirects, url.Redirects);
        Assert.Equal("redirects", Urls.JudgeRedirect(url, "/more").Reason);
    }

    [Fact]
    public void JudgeAnswer_NameOfLoopback_IsRefused() =>
        Assert.Equal("special_address", Urls.JudgeAnswer([IPAddress.Loopback], out _).Reason);

    private static CheckedUrl From(string url) => Urls.Judge(url).Url!;
}
