using System.Diagnostics.Metrics;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Telemetry;

/// <summary>
/// Figures about the processes that Python kernels are forked from. <c>sandbox_zygotes</c> at 0 for longer than some seconds, or
/// <c>sandbox_zygotes_replaced_total</c> that grows by more than 1 in 256 forks, means that kernels are started, which takes a second.
/// </summary>
internal sealed class ZygoteMetrics
{
    public ZygoteMetrics(ISandboxEngine engine, IMeterFactory meters)
    {
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create(ExecutionMetrics.MeterName);
#pragma warning restore CA2000
        meter.CreateObservableGauge("sandbox_zygotes", () => engine.Zygotes.Ready, unit: null, "Zygotes that can fork kernels now.");
        meter.CreateObservableCounter("sandbox_kernel_forks", () => engine.Zygotes.Forks, unit: null, "Kernels forked.");
        meter.CreateObservableCounter("sandbox_zygotes_replaced", () => engine.Zygotes.Replaced, unit: null, "Zygotes that died or were renewed.");
    }
}
