namespace MonkeyCoder.Isolation.Egress;

/// <summary>Whether a connection may be made.</summary>
public readonly record struct EgressVerdict
{
    private EgressVerdict(string? reason) => Reason = reason;

    /// <summary>It may.</summary>
    public static EgressVerdict Allowed { get; } = new(null);

    /// <summary>Whether it may.</summary>
    public bool IsAllowed => Reason is null;

    /// <summary>One of <see cref="EgressReasons"/>, or null where it may.</summary>
    public string? Reason { get; }

    /// <summary>It may not.</summary>
    public static EgressVerdict Refused(string reason) => new(reason);
}

/// <summary>Why something was refused: stable words of security events and metrics.</summary>
public static class EgressReasons
{
    /// <summary>No rule allows it.</summary>
    public const string NotAllowed = "not_allowed";

    /// <summary>A rule allows the host or address, but not at this port.</summary>
    public const string Port = "port";

    /// <summary>A rule of the tenant forbids it.</summary>
    public const string Denied = "denied";

    /// <summary>The address is not public, or the name has an address that is not.</summary>
    public const string SpecialAddress = "special_address";

    /// <summary>The name only means something inside somebody's network.</summary>
    public const string SpecialName = "special_name";

    /// <summary>No host name, or an address in a form that is not canonical.</summary>
    public const string BadHost = "bad_host";

    /// <summary>No URL, or one that two parsers could read differently.</summary>
    public const string BadUrl = "bad_url";

    /// <summary>A scheme other than those that the URL may have.</summary>
    public const string Scheme = "scheme";

    /// <summary>User name or password in a URL.</summary>
    public const string Credentials = "credentials";

    /// <summary>A redirect from https to http.</summary>
    public const string Downgrade = "downgrade";

    /// <summary>More redirects than are followed.</summary>
    public const string Redirects = "redirects";

    /// <summary>More connections at once, or more DNS queries a second, than a sandbox may have.</summary>
    public const string Limit = "limit";

    /// <summary>More connections at once than the node carries for all its sandboxes.</summary>
    public const string NodeLimit = "node_limit";

    /// <summary>A request that two readers could understand differently, or that is none.</summary>
    public const string BadRequest = "bad_request";

    /// <summary>Over a connection to one name, another name was asked for, or none.</summary>
    public const string NameMismatch = "name_mismatch";

    /// <summary>The host could not show a certificate of its name that this machine trusts.</summary>
    public const string Untrusted = "untrusted";

    /// <summary>The name has no address, or could not be looked up.</summary>
    public const string Unresolved = "unresolved";
}
