namespace MonkeyCoder.Isolation.Host;

/// <summary>Whether the host does.</summary>
public enum HostVerdict
{
    /// <summary>As wanted.</summary>
    Ok,

    /// <summary>Sandboxes run, with a weakness or without something.</summary>
    Warn,

    /// <summary>No sandbox can run.</summary>
    Fail,
}

/// <summary>One thing that has been looked at.</summary>
/// <param name="Name">What, in a few words, e.g. <c>user namespaces</c>.</param>
/// <param name="Verdict">Whether it does.</param>
/// <param name="Value">What was found.</param>
/// <param name="Advice">One sentence on what to do; empty where there is nothing to do.</param>
public sealed record HostFact(string Name, HostVerdict Verdict, string Value, string Advice)
{
    internal static HostFact Needed(string name, bool good, string value, string advice) =>
        new(name, good ? HostVerdict.Ok : HostVerdict.Fail, value, good ? "" : advice);

    internal static HostFact Wished(string name, bool good, string value, string advice) =>
        new(name, good ? HostVerdict.Ok : HostVerdict.Warn, value, good ? "" : advice);
}
