using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Routing;

/// <summary>Who may use a route on a port of a sandbox that the node answers itself.</summary>
internal enum PortAccess
{
    /// <summary>Who knows the sandbox's id.</summary>
    Everybody,

    /// <summary>Who has its access token.</summary>
    AccessToken,

    /// <summary>Who has its access token, or a URL signed with it; the handler checks.</summary>
    AccessTokenOrSignature,
}

/// <summary>One route.</summary>
/// <param name="Method">HTTP method; null for any, which the handler looks at.</param>
/// <param name="Path">Whole path; <c>{id}</c> stands for one segment.</param>
/// <param name="Access">Who may.</param>
/// <param name="Handler">Answers; the text is what stood for <c>{id}</c>, empty without.</param>
internal sealed record PortRoute(
    string? Method, string Path, PortAccess Access, Func<HttpContext, LiveSandbox, string, Task> Handler);

/// <summary>Everything that the node answers on one port of every sandbox: a table, so that a test can walk all of it.</summary>
internal sealed class PortRoutes
{
    private const string Segment = "{id}";

    private readonly Dictionary<string, List<PortRoute>> _byPath = new(StringComparer.Ordinal);
    private readonly List<PortRoute> _withSegment = [];

    public IEnumerable<PortRoute> All => _byPath.Values.SelectMany(routes => routes).Concat(_withSegment);

    public void Add(string? method, string path, PortAccess access, Func<HttpContext, LiveSandbox, Task> handler) =>
        Add(new PortRoute(method, path, access, (context, sandbox, _) => handler(context, sandbox)));

    public void Add(PortRoute route)
    {
        if (route.Path.Contains(Segment, StringComparison.Ordinal)) _withSegment.Add(route);
        else if (_byPath.TryGetValue(route.Path, out var others)) others.Add(route);
        else _byPath[route.Path] = [route];
    }

    /// <summary>The route of a request, and what stands for <c>{id}</c>; null where there is none.</summary>
    public PortRoute? Find(HttpRequest request, out string segment)
    {
        segment = "";
        var path = request.Path.Value ?? "";
        if (_byPath.TryGetValue(path, out var routes)) return routes.Find(route => Takes(route, request));
        foreach (var route in _withSegment)
            if (Takes(route, request) && TryMatch(route.Path, path, out segment)) return route;
        return null;
    }

    private static bool Takes(PortRoute route, HttpRequest request) =>
        route.Method is null || HttpMethods.Equals(route.Method, request.Method);

    private static bool TryMatch(string pattern, string path, out string segment)
    {
        segment = "";
        var start = pattern.IndexOf(Segment, StringComparison.Ordinal);
        var suffix = pattern.AsSpan(start + Segment.Length);
        if (path.Length <= start + suffix.Length || !path.AsSpan().StartsWith(pattern.AsSpan(0, start))
            || !path.AsSpan().EndsWith(suffix)) return false;
        segment = path[start..^suffix.Length];
        return !segment.Contains('/', StringComparison.Ordinal);
    }
}
