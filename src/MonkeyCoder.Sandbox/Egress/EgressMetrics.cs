using System.Diagnostics.Metrics;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Egress;

/// <summary>
/// Counts what the gateway refuses. <c>sandbox_egress_refusals_total</c>: a rise of <c>special_address</c> or <c>name_mismatch</c> means that
/// somebody looks for a way around the policy; of <c>node_limit</c>, that the node carries more connections than
/// <c>Gateway:MaxNodeConnections</c> lets it.
/// </summary>
internal sealed class EgressMetrics : IEgressEvents
{
    private const string ReasonTag = "reason";

    private readonly Counter<long> _refusals;

    public EgressMetrics(IMeterFactory meters)
    {
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create(ExecutionMetrics.MeterName);
#pragma warning restore CA2000
        _refusals = meter.CreateCounter<long>("sandbox_egress_refusals_total", unit: null, "Connections and look-ups of sandboxes that were refused.");
    }

    public void Refused(EgressRefusal refusal) => _refusals.Add(1, new KeyValuePair<string, object?>(ReasonTag, refusal.Reason));
}
