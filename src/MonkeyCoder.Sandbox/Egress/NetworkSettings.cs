namespace MonkeyCoder.Sandbox.Egress;

/// <summary>What the tenant asked for its sandbox's network, as it is shown; the policy made of it is the engine's.</summary>
internal sealed record NetworkSettings
{
    /// <summary>Nothing was asked.</summary>
    public static NetworkSettings None { get; } = new();

    /// <summary>null: not said.</summary>
    public bool? AllowInternetAccess { get; init; }

    public IReadOnlyList<string>? AllowOut { get; init; }

    public IReadOnlyList<string>? DenyOut { get; init; }

    /// <summary>Names of the headers that are added, by domain. Their values are secrets and are not kept here.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? HeaderNames { get; init; }
}
