using System.Net;
using System.Text.Json;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Tests.Egress;

/// <summary>The acceptance cases about URLs, which lie in <c>shared/security</c> beside the checkout.</summary>
public sealed class UrlCorpusTests
{
    private static readonly EgressPolicy Listed = new()
    {
        AllowedHosts = [.. new[] { "example.com", "*.pypi.org" }.Select(text => new HostRule(Pattern(text), PortSet.Web))],
    };

    private static readonly EgressPolicy Everything = Listed with { AllowPublic = true, PublicPorts = [PortSet.Web] };

    // What names with a lookup that leads inside resolve to; any other name resolves to a public address.
    private static readonly Dictionary<string, IPAddress> Inside = new(StringComparer.Ordinal)
    {
        ["127.0.0.1.nip.io"] = IPAddress.Loopback,
    };

    [Fact]
    public void EveryUrl_OfTheCorpus_GetsItsVerdict()
    {
        var cases = Cases().ToArray();

        Assert.True(cases.Length >= 100, $"The corpus has only {cases.Length} cases about URLs.");
        Assert.Empty(cases.Where(row => Allows(Listed, row.Url) != row.Allowed).Select(row => row.Id));
    }

    [Fact]
    public void UrlsThatStayRefused_UnderEverythingPublic_AreRefused()
    {
        var cases = Cases().Where(row => row.DeniedAlways).ToArray();

        Assert.NotEmpty(cases);
        Assert.Empty(cases.Where(row => Allows(Everything, row.Url)).Select(row => row.Id));
    }

    private static bool Allows(EgressPolicy policy, string url)
    {
        var urls = new UrlPolicy(policy, AddressPolicy.Tables);
        var verdict = urls.Judge(url);
        if (!verdict.IsAllowed || verdict.Url!.Name is not { } name) return verdict.IsAllowed;
        return urls.JudgeAnswer([Inside.GetValueOrDefault(name.Value, IPAddress.Parse("93.184.216.34"))], out _).IsAllowed;
    }

    private static IEnumerable<(string Id, string Url, bool Allowed, bool DeniedAlways)> Cases() =>
        from line in File.ReadLines(Find())
        where line.Length > 0
        let row = JsonDocument.Parse(line).RootElement
        where row.GetProperty("where").GetString() == "url"
        select (
            row.GetProperty("id").GetString()!, row.GetProperty("attempt").GetString()!, row.GetProperty("expect").GetString() == "allow",
            row.TryGetProperty("deny_even_if_allow_all", out var always) && always.GetBoolean());

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("MONKEY_CORPUS") is { Length: > 0 } named) return Path.Combine(named, "corpus.jsonl");
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            var path = Path.Combine(directory, "shared/security/corpus.jsonl");
            if (File.Exists(path)) return path;
        }

        throw new FileNotFoundException(
            "There are no acceptance cases: put the directory shared/security beside the checkout, or name it in MONKEY_CORPUS.");
    }

    private static HostPattern Pattern(string text) => HostPattern.TryParse(text, out var pattern) ? pattern : throw new ArgumentException(text);
}
