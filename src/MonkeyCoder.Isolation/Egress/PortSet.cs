namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// TCP ports of a rule. 25, through which mail servers take mail from each other, is in none that does not name it: so no
/// number of wide rules opens it.
/// </summary>
public sealed record PortSet
{
    private const int Mail = 25;

    private readonly int _only; // 0: not one only
    private readonly bool _web;

    private PortSet(int only = 0, bool web = false) => (_only, _web) = (only, web);

    /// <summary>80 and 443: what a rule about names allows where it names no port.</summary>
    public static PortSet Web { get; } = new(web: true);

    /// <summary>Every port but 25: what a rule about addresses allows where it names no port.</summary>
    public static PortSet AllButMail { get; } = new();

    /// <summary>Whether it is port 25.</summary>
    public bool IsMail => Names(Mail);

    /// <summary>One port.</summary>
    public static PortSet Only(int port)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        return new PortSet(only: port);
    }

    /// <summary>Whether it is this one port.</summary>
    public bool Names(int port) => _only != 0 && _only == port;

    /// <summary>Whether a port is in it.</summary>
    public bool Contains(int port)
    {
        if (_only != 0) return port == _only;
        return _web ? port is 80 or 443 : port is > 0 and <= ushort.MaxValue and not Mail;
    }

    /// <summary>Whether every port of the other is in it.</summary>
    public bool Covers(PortSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._only != 0) return Contains(other._only);
        return this == other || this == AllButMail;
    }

    public override string ToString() => _only != 0 ? $"{_only}" : _web ? "80,443" : $"all but {Mail}";
}
