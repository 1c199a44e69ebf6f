using System.Diagnostics.CodeAnalysis;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// A name, or <c>*.</c> and a suffix: at least one more label before the suffix, at any depth, never the suffix itself. A
/// wildcard is the whole left-most label, and its suffix is not one under which anybody can register a name.
/// </summary>
public sealed record HostPattern
{
    private readonly HostName _name;

    private HostPattern(HostName name, bool wildcard)
    {
        _name = name;
        IsWildcard = wildcard;
    }

    /// <summary>Whether it begins with <c>*.</c>.</summary>
    public bool IsWildcard { get; }

    public override string ToString() => IsWildcard ? "*." + _name.Value : _name.Value;

    /// <summary>False where the text is neither a name nor a wildcard that may be used.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out HostPattern? pattern)
    {
        pattern = null;
        var wildcard = text?.StartsWith("*.", StringComparison.Ordinal) ?? false;
        if (!HostName.TryParse(wildcard ? text![2..] : text, out var name)) return false;
        if (wildcard && PublicSuffixes.Contains(name.Value)) return false;
        pattern = new HostPattern(name, wildcard);
        return true;
    }

    /// <summary>Whether every name that the other means is meant.</summary>
    public bool Covers(HostPattern other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.IsWildcard ? this == other || (IsWildcard && Matches(other._name)) : Matches(other._name);
    }

    /// <summary>Whether a name is meant.</summary>
    public bool Matches(HostName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsWildcard) return name.Value == _name.Value;
        var more = name.Value.Length - _name.Value.Length;
        return more > 1 && name.Value[more - 1] == '.' && name.Value.EndsWith(_name.Value, StringComparison.Ordinal);
    }
}
