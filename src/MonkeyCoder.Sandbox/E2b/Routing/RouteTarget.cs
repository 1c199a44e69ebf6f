using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace MonkeyCoder.Sandbox.E2b.Routing;

/// <summary>Where a request goes: to a port of a sandbox, or nowhere, or (no target at all) to the node itself.</summary>
/// <param name="SandboxId">As it was given.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Problem">Set: the target is wrong, and why.</param>
internal readonly record struct RouteTarget(string SandboxId, int Port, string? Problem)
{
    private const int MaxLabelLength = 63;

    /// <summary>
    /// By the left-most label of the host, <c>{port}-{sandbox}</c>; else by the headers <c>E2b-Sandbox-Id</c> and
    /// <c>E2b-Sandbox-Port</c>. The host wins: clients send the headers along, and a page under a sandbox's host must not
    /// reach another sandbox by adding them. null: the node itself is meant.
    /// </summary>
    public static RouteTarget? Read(HttpRequest request)
    {
        if (FromHost(request.Host.Host) is { } target) return target;
        var id = request.Headers[E2bProtocol.SandboxIdHeader];
        var port = request.Headers[E2bProtocol.SandboxPortHeader];
        if (StringValues.IsNullOrEmpty(id) && StringValues.IsNullOrEmpty(port)) return null;
        if (StringValues.IsNullOrEmpty(id) || StringValues.IsNullOrEmpty(port)) return new("", 0, "missing header");
        return Check(id.ToString(), port.ToString());
    }

    /// <summary>null where the host is not of that form: a name, an address.</summary>
    private static RouteTarget? FromHost(string host)
    {
        var dot = host.IndexOf('.', StringComparison.Ordinal);
        if (dot is <= 0 or > MaxLabelLength) return null;
        var label = host[..dot];
        var dash = label.IndexOf('-', StringComparison.Ordinal);
        if (dash <= 0 || !label.AsSpan(0, dash).ContainsAnyInRange('0', '9') || label.AsSpan(0, dash).ContainsAnyExceptInRange('0', '9'))
            return null;
        var rest = label[(dash + 1)..];
        var end = rest.IndexOf('-', StringComparison.Ordinal);
        return Check(end < 0 ? rest : rest[..end], label[..dash]);
    }

    private static RouteTarget Check(string id, string port)
    {
        if (id.Length is 0 or > MaxLabelLength || !id.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9')))
            return new("", 0, "Invalid sandbox ID");
        return int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= ushort.MaxValue
            ? new(id, number, null)
            : new("", 0, "invalid sandbox port");
    }
}
