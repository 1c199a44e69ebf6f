namespace MonkeyCoder.Isolation.Egress;

/// <summary>TCP ports of a rule.</summary>
public sealed record PortSet
{
    private readonly int _only; // 0: not one only
    private readonly bool _web;
    private readonly int _but; // 0: none left out

    private PortSet(int only = 0, bool web = false, int but = 0) => (_only, _web, _but) = (only, web, but);

    /// <summary>Every port.</summary>
    public static PortSet Any { get; } = new();

    /// <summary>80 and 443: what a rule about names allows where it names no port.</summary>
    public static PortSet Web { get; } = new(web: true);

    /// <summary>Every port but 25, through which mail servers take mail from each other.</summary>
    public static PortSet AllButMail { get; } = new(but: 25);

    /// <summary>One port.</summary>
    public static PortSet Only(int port)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        return new PortSet(only: port);
    }

    /// <summary>Whether a port is in it.</summary>
    public bool Contains(int port)
    {
        if (port is < 1 or > ushort.MaxValue || port == _but) return false;
        if (_only != 0) return port == _only;
        return !_web || port is 80 or 443;
    }

    /// <summary>Whether every port of the other is in it.</summary>
    public bool Covers(PortSet other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other._only != 0) return Contains(other._only);
        return this == other || this == Any || (this == AllButMail && other == Web);
    }

    public override string ToString() => _only != 0 ? $"{_only}" : _web ? "80,443" : _but != 0 ? $"all but {_but}" : "all";
}
