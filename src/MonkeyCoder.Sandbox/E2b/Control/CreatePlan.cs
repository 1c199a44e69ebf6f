using System.Text.Json;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Egress;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>A create request that has been checked, or the answer that refuses it.</summary>
internal readonly record struct CreatePlan(SandboxSpec? Spec, SandboxSettings? Settings, IResult? Refusal)
{
    private const int MaxPairs = 256;
    private const int MaxPairBytes = 32 * 1024;

    /// <summary>Checks every field; what this node cannot keep is refused rather than dropped.</summary>
    public static CreatePlan Make(
        SandboxCreateRequest request, bool v2, TemplateNames templates, SandboxesOptions options, SandboxLimits limits, SandboxNetworks networks)
    {
        var timeout = request.Timeout is { } seconds
            ? TimeSpan.FromSeconds(seconds)
            : v2 ? options.DefaultTimeout : options.DefaultTimeoutV1;
        var problem = CheckTimeout(timeout, options) ?? CheckMap("metadata", request.Metadata)
            ?? CheckMap("envVars", request.EnvVars) ?? CheckNames(request.EnvVars) ?? CheckHost(request.Network?.MaskRequestHost)
            ?? CheckPause(request);
        if (problem is not null) return Refuse(StatusCodes.Status400BadRequest, problem);
        if (Unavailable(request, networks.Tier.CanPause) is { } what) return new(null, null, E2bAnswers.NotHere(what));
        var network = NetworkPlan.Make(NetworkPlan.WayOut(request), networks.Node, networks.Tier);
        if (network.Refusal is { } refusal) return new(null, null, refusal);
        var template = templates.Find(request.TemplateId);
        if (template.Template is null) return Refuse(StatusCodes.Status404NotFound, template.Problem!);

        var settings = new SandboxSettings
        {
            Template = request.TemplateId,
            Metadata = request.Metadata ?? new Dictionary<string, string>(),
            Environment = request.EnvVars ?? new Dictionary<string, string>(),
            Timeout = timeout,
            AutoPause = request.AutoPause ?? false,
            AutoResume = request.AutoResume?.Enabled ?? false,
            Secured = v2 || (request.Secure ?? false),
            AllowPublicTraffic = request.Network?.AllowPublicTraffic ?? true,
            Network = network.Settings!,
            MaskRequestHost = request.Network?.MaskRequestHost,
        };
        var spec = new SandboxSpec
        {
            Template = template.Template, Profile = SandboxProfile.Workspace, Limits = limits, Egress = network.Policy!,
        };
        return new(spec, settings, null);
    }

    /// <summary>null, or what is wrong with a life of that length.</summary>
    public static string? CheckTimeout(TimeSpan timeout, SandboxesOptions options)
    {
        if (timeout <= TimeSpan.Zero) return "Timeout must be greater than 0";
        return timeout > options.MaxLife ? $"Timeout cannot be greater than {options.MaxLife.TotalHours:0.##} hours" : null;
    }

    private static CreatePlan Refuse(int status, string problem) => new(null, null, E2bAnswers.Error(status, problem));

    private static string? CheckMap(string field, IReadOnlyDictionary<string, string>? map)
    {
        if (map is null) return null;
        if (map.Count > MaxPairs) return $"'{field}' has more than {MaxPairs} entries";
        var length = 0;
        foreach (var (key, value) in map)
        {
            // A map's values may be null on the wire, whatever its type says.
            if (value is null) return $"the value of '{field}' for a key is null";
            if (key.Contains('\0', StringComparison.Ordinal) || value.Contains('\0', StringComparison.Ordinal))
                return $"'{field}' holds a NUL character";
            length += key.Length + value.Length;
        }

        return length > MaxPairBytes ? $"'{field}' is larger than {MaxPairBytes} characters" : null;
    }

    private static string? CheckNames(IReadOnlyDictionary<string, string>? environment) =>
        environment is not null && environment.Keys.Any(name => name.Length == 0 || name.Contains('=', StringComparison.Ordinal))
            ? "'envVars' has a name that is empty or holds '='"
            : null;

    private static string? CheckHost(string? host) =>
        host is not null && (host.Length is 0 or > 255 || host.Any(static c => c is <= ' ' or > '~'))
            ? "'network.maskRequestHost' is not a host"
            : null;

    private static string? CheckPause(SandboxCreateRequest request)
    {
        if (request.AutoPauseMemory is not false) return null;
        if (request.AutoPause is not true) return "'autoPauseMemory' needs 'autoPause'";
        return request.AutoResume is { Enabled: true } ? "'autoPauseMemory: false' cannot be combined with 'autoResume'" : null;
    }

    private static string? Unavailable(SandboxCreateRequest request, bool canPause) => request switch
    {
        { AutoPause: true } or { AutoResume.Enabled: true } when !canPause => PauseEndpoints.NoPausing,
        { AutoPauseMemory: false } => PauseEndpoints.NoFilesOnly,
        { SnapshotId: { ValueKind: not JsonValueKind.Null } } => "starting from a snapshot",
        { VolumeMounts.Count: > 0 } => "mounting volumes",
        { Iam: { ValueKind: not JsonValueKind.Null } } => "identity tokens",
        { Network.HttpsPorts.Count: > 0 } => "TLS to a sandbox's own ports",
        _ => null,
    };
}
