using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.Egress;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>Live sandboxes as the wire has them.</summary>
internal sealed class SandboxRecordMapper(IOptions<E2bOptions> options)
{
    private const long Mebibyte = 1024 * 1024;
    private const string HiddenValue = "***";

    public SandboxCreated Created(LiveSandbox sandbox) => new(
        sandbox.Id.Value, sandbox.Engine.Spec.Template, E2bProtocol.ClientId, E2bProtocol.EnvdVersion,
        sandbox.Tokens.Access, sandbox.Tokens.Traffic, options.Value.Domain, sandbox.Settings.Template);

    public static SandboxListed Listed(LiveSandbox sandbox)
    {
        var limits = sandbox.Engine.Spec.Limits;
        return new SandboxListed(
            sandbox.Id.Value, sandbox.Engine.Spec.Template, E2bProtocol.ClientId, sandbox.StartedAt, sandbox.EndAt,
            SandboxMeter.CpuCount(limits), (int)(limits.MemoryBytes / Mebibyte), (int)(limits.DiskBytes / Mebibyte),
            sandbox.IsPaused ? SandboxListQuery.Paused : SandboxListQuery.Running, E2bProtocol.EnvdVersion)
        {
            Metadata = sandbox.Settings.Metadata,
            Alias = sandbox.Settings.Template,
        };
    }

    public SandboxDetail Detail(LiveSandbox sandbox)
    {
        var listed = Listed(sandbox);
        return new SandboxDetail(
            listed.SandboxId, listed.TemplateId, listed.ClientId, listed.StartedAt, listed.EndAt, listed.CpuCount,
            listed.MemoryMb, listed.DiskSizeMb, listed.State, listed.EnvdVersion)
        {
            Metadata = listed.Metadata,
            Alias = listed.Alias,
            EnvdAccessToken = sandbox.Tokens.Access,
            Domain = options.Value.Domain,
            AllowInternetAccess = sandbox.Network.AllowInternetAccess,
            Network = Network(sandbox.Network, sandbox.Settings),
            Lifecycle = new SandboxLifecycle(sandbox.PausesAtEnd ? "pause" : "kill", sandbox.Settings.AutoResume),
        };
    }

    private static SandboxNetwork Network(NetworkSettings network, SandboxSettings settings) => new()
    {
        AllowOut = network.AllowOut,
        DenyOut = network.DenyOut,
        AllowPublicTraffic = settings.AllowPublicTraffic,
        MaskRequestHost = settings.MaskRequestHost,
        Rules = network.HeaderNames?.ToDictionary(
            static rule => rule.Key,
            static IReadOnlyList<SandboxNetworkRule> (rule) =>
                [new(new SandboxNetworkTransform(rule.Value.ToDictionary(static name => name, static _ => HiddenValue)))]),
    };

    public static SandboxMetric Metric(LiveSandbox sandbox, DateTimeOffset now)
    {
        var sample = sandbox.Meter.Read(now);
        return new SandboxMetric(
            sample.Timestamp, sample.Timestamp.ToUnixTimeSeconds(), sample.CpuCount, sample.CpuUsedPercent,
            sample.Usage.MemoryBytes, sample.Limits.MemoryBytes, sample.Usage.MemoryCacheBytes, sample.Usage.DiskUsedBytes,
            sample.Limits.DiskBytes);
    }
}
