using System.Net;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Judges URLs by the rules that hold for connections: whoever fetches for a sandbox, a tenant or itself asks before the
/// first request and before every redirect, and connects to the address that was judged. A text is judged first, and then
/// what its name resolves to.
/// </summary>
/// <param name="policy">What may be connected to.</param>
/// <param name="platform">What never is.</param>
/// <param name="schemes">Schemes that are allowed, in lower case; default http and https.</param>
public sealed class UrlPolicy(EgressPolicy policy, AddressPolicy platform, IReadOnlyCollection<string>? schemes = null)
{
    /// <summary>Redirects that are followed at most.</summary>
    public const int MaxRedirects = 5;

    private static readonly string[] Web = ["http", "https"];

    private readonly IReadOnlyCollection<string> _schemes = schemes ?? Web;

    /// <summary>
    /// Judges what can be judged without a look-up. Where it is allowed and <see cref="UrlVerdict.MustResolve"/>, it is so
    /// only if <see cref="JudgeAnswer"/> says so too.
    /// </summary>
    public UrlVerdict Judge(string? url)
    {
        if (UrlForm.Read(url, _schemes, out var read) is { } problem) return UrlVerdict.Refused(problem);
        var verdict = read!.Name is { } name
            ? policy.JudgeName(name, read.Port)
            : policy.JudgeAddress(read.Address!, read.Port, platform);
        return verdict.Reason is { } reason ? UrlVerdict.Refused(reason) : new UrlVerdict(verdict, read);
    }

    /// <summary>Judges where an answer sends the one who fetched <paramref name="from"/>.</summary>
    /// <param name="from">The URL that was fetched.</param>
    /// <param name="location">The answer's Location header; it may be relative.</param>
    public UrlVerdict JudgeRedirect(CheckedUrl from, string? location)
    {
        ArgumentNullException.ThrowIfNull(from);
        if (from.Redirects >= MaxRedirects) return UrlVerdict.Refused(EgressReasons.Redirects);
        var verdict = Judge(Absolute(from, location ?? ""));
        if (verdict.Url is not { } to) return verdict;
        return from.IsSecure && !to.IsSecure
            ? UrlVerdict.Refused(EgressReasons.Downgrade)
            : verdict with { Url = to with { Redirects = from.Redirects + 1 } };
    }

    /// <summary>Judges all addresses that the name of an allowed URL resolved to.</summary>
    /// <param name="answer">IPv4 and IPv6 addresses.</param>
    /// <param name="usable">Addresses to connect to; no second look-up.</param>
    public EgressVerdict JudgeAnswer(IReadOnlyCollection<IPAddress> answer, out IReadOnlyList<IPAddress> usable) =>
        policy.JudgeAnswer(answer, platform, out usable);

    // No dots are resolved: the server may, and the host does not depend on it.
    private static string Absolute(CheckedUrl from, string location)
    {
        var colon = location.IndexOf(':', StringComparison.Ordinal);
        var other = location.AsSpan().IndexOfAny('/', '?', '#');
        if (colon >= 0 && (other < 0 || colon < other)) return location;
        if (location.StartsWith("//", StringComparison.Ordinal)) return $"{from.Scheme}:{location}";
        if (location.StartsWith('/')) return from.Origin + location;
        var path = from.PathAndQuery.Split('?', 2)[0];
        return location.StartsWith('?')
            ? from.Origin + path + location
            : string.Concat(from.Origin, path.AsSpan(0, path.LastIndexOf('/') + 1), location);
    }
}

/// <summary>Whether a URL may be fetched.</summary>
/// <param name="Verdict">Yes, or why not.</param>
/// <param name="Url">Its canonical form where it may.</param>
public sealed record UrlVerdict(EgressVerdict Verdict, CheckedUrl? Url)
{
    /// <summary>Whether it may.</summary>
    public bool IsAllowed => Verdict.IsAllowed;

    /// <summary>One of <see cref="EgressReasons"/>, or null where it may.</summary>
    public string? Reason => Verdict.Reason;

    /// <summary>Its host is a name, whose addresses have to be judged too.</summary>
    public bool MustResolve => Url?.Name is not null;

    /// <summary>It may not.</summary>
    public static UrlVerdict Refused(string reason) => new(EgressVerdict.Refused(reason), null);
}
