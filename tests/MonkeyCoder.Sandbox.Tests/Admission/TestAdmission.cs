using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Sandbox.Admission;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Admission;

/// <summary>Admission on a host that a test plays.</summary>
internal static class TestAdmission
{
    public static ResourceAdmission On(
        SandboxesOptions? sandboxes = null, AdmissionOptions? admission = null, IHostCapacity? host = null) => new(
        host ?? new FakeHostCapacity(), Options.Create(admission ?? new AdmissionOptions()),
        Options.Create(sandboxes ?? new SandboxesOptions()), NullLogger<ResourceAdmission>.Instance);
}
