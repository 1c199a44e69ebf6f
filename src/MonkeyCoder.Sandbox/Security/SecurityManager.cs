using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Admission;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>The policies that stand before the kernel's boundary.</summary>
internal sealed class SecurityManager(ResourceAdmission admission)
{
    /// <inheritdoc cref="ResourceAdmission.EnforceResourceLimits"/>
    public AdmissionTicket EnforceResourceLimits(string tenant, SandboxLimits limits) => admission.EnforceResourceLimits(tenant, limits);
}
