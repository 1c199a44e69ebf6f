using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Text;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>What a list of sandboxes is asked for, and in which order.</summary>
internal sealed class SandboxListQuery
{
    public const string Running = "running";
    public const string Paused = "paused";

    private const int MaxLimit = 100;
    private const string AscendingMark = "__asc";

    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private string? _template;
    private bool _running = true;
    private bool _paused = true;
    private bool _ascending;
    private DateTimeOffset? _startedAfter;
    private (long Ticks, string Id)? _after;
    private int _limit = MaxLimit;

    /// <summary>Reads the query string; false with a sentence where it is wrong.</summary>
    public static bool TryRead(IQueryCollection query, TemplateNames templates, out SandboxListQuery list, out string problem)
    {
        list = new SandboxListQuery();
        problem = list.ReadState(query) ?? list.ReadOrder(query) ?? list.ReadStartedAfter(query) ?? list.ReadTemplate(query, templates)
            ?? list.ReadMetadata(query["metadata"]) ?? list.ReadPage(query) ?? "";
        return problem.Length == 0;
    }

    /// <summary>Only running ones, and only the metadata filter, as the deprecated list has it.</summary>
    public static bool TryReadV1(IQueryCollection query, out SandboxListQuery list, out string problem)
    {
        list = new SandboxListQuery { _limit = int.MaxValue, _paused = false };
        problem = list.ReadMetadata(query["metadata"]) ?? "";
        return problem.Length == 0;
    }

    /// <summary>One page, how many run of all that match, and the token of the next page.</summary>
    public (IReadOnlyList<LiveSandbox> Page, int Running, string? NextToken) Apply(IEnumerable<LiveSandbox> sandboxes)
    {
        var matching = sandboxes.Where(Matches).ToList();
        matching.Sort(Compare);
        var running = matching.Count(static sandbox => !sandbox.IsPaused);
        var page = matching.Where(IsAfter).Take(_limit == int.MaxValue ? matching.Count : _limit + 1).ToList();
        if (page.Count <= _limit) return (page, running, null);
        page.RemoveAt(page.Count - 1);
        var last = page[^1];
        var token = $"{last.StartedAt.UtcTicks.ToString(CultureInfo.InvariantCulture)}__{last.Id.Value}{(_ascending ? AscendingMark : "")}";
        return (page, running, Base64Url.EncodeToString(Encoding.ASCII.GetBytes(token)));
    }

    private bool Matches(LiveSandbox sandbox)
    {
        if (!(sandbox.IsPaused ? _paused : _running) || (_template is not null && _template != sandbox.Engine.Spec.Template)) return false;
        if (_startedAfter is { } after && sandbox.StartedAt < after) return false;
        foreach (var (key, value) in _metadata)
            if (!sandbox.Settings.Metadata.TryGetValue(key, out var has) || has != value) return false;
        return true;
    }

    private int Compare(LiveSandbox a, LiveSandbox b) =>
        Compare((a.StartedAt.UtcTicks, a.Id.Value), (b.StartedAt.UtcTicks, b.Id.Value));

    private int Compare((long Ticks, string Id) a, (long Ticks, string Id) b)
    {
        var byTime = _ascending ? a.Ticks.CompareTo(b.Ticks) : b.Ticks.CompareTo(a.Ticks);
        return byTime != 0 ? byTime : string.CompareOrdinal(a.Id, b.Id);
    }

    private bool IsAfter(LiveSandbox sandbox) =>
        _after is not { } after || Compare((sandbox.StartedAt.UtcTicks, sandbox.Id.Value), after) > 0;

    private string? ReadState(IQueryCollection query)
    {
        var states = query["state"].SelectMany(value => (value ?? "").Split(',')).ToList();
        if (states.Exists(state => state is not (Running or Paused))) return "'state' must be running or paused";
        _running = states.Count == 0 || states.Contains(Running);
        _paused = states.Count == 0 || states.Contains(Paused);
        return null;
    }

    private string? ReadOrder(IQueryCollection query)
    {
        var order = query["order"].ToString();
        _ascending = order == "asc";
        return order is "" or "asc" or "desc" ? null : "'order' must be asc or desc";
    }

    private string? ReadStartedAfter(IQueryCollection query)
    {
        var text = query["startedAfter"].ToString();
        if (text.Length == 0) return null;
        if (!DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var after))
            return "'startedAfter' must be a time in RFC 3339";
        // The wire has microseconds: what was read from a list must match itself.
        _startedAfter = new DateTimeOffset(after.UtcTicks - (after.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
        return null;
    }

    private string? ReadTemplate(IQueryCollection query, TemplateNames templates)
    {
        var text = query["template"].ToString();
        if (text.Length == 0) return null;
        if (text.Contains(':', StringComparison.Ordinal)) return "'template' must not have a tag";
        _template = templates.Find(text).Template ?? "";
        return null;
    }

    /// <summary>
    /// Keys and values are escaped, joined as a form, and escaped again as one query value, which the framework has
    /// undone once already.
    /// </summary>
    private string? ReadMetadata(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        foreach (var pair in WebUtility.UrlDecode(text).Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0) return "'metadata' must be pairs of key=value";
            _metadata[WebUtility.UrlDecode(pair[..equals])] = WebUtility.UrlDecode(pair[(equals + 1)..]);
        }

        return null;
    }

    private string? ReadPage(IQueryCollection query)
    {
        var limit = query["limit"].ToString();
        if (limit.Length > 0 && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out _limit) || _limit is < 1 or > MaxLimit))
            return $"'limit' must be between 1 and {MaxLimit}";
        var token = query["nextToken"].ToString();
        return token.Length == 0 || ReadToken(token) ? null : "Invalid next token";
    }

    private bool ReadToken(string token)
    {
        if (token.Length > 256 || !Base64Url.IsValid(token)) return false;
        var text = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(token));
        if (text.EndsWith(AscendingMark, StringComparison.Ordinal) != _ascending) return false;
        if (_ascending) text = text[..^AscendingMark.Length];
        var split = text.IndexOf("__", StringComparison.Ordinal);
        if (split < 0 || !long.TryParse(text.AsSpan(0, split), NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)) return false;
        _after = (ticks, text[(split + 2)..]);
        return true;
    }
}
