using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Admission;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Admission;

public sealed class EnforceResourceLimitsTests
{
    private const long Mebibyte = 1024 * 1024;

    private static readonly SandboxLimits Limits = new() { MemoryBytes = 512 * Mebibyte };

    private readonly FakeHostCapacity _host = new();

    [Fact]
    public void EnforceResourceLimits_MoreMemoryPromisedThanTheOvercommitAllows_IsRefusedUntilSomeIsGivenBack()
    {
        // (1280 - 256) MiB times 2: four sandboxes of 512 MiB.
        _host.Memory = new HostMemory(1280 * Mebibyte, 1280 * Mebibyte);
        var admission = TestAdmission.On(admission: new AdmissionOptions { MemoryOvercommit = 2 }, host: _host);
        var tickets = Enumerable.Range(0, 4).Select(_ => admission.EnforceResourceLimits("t", Limits)).ToList();

        var refusal = Assert.Throws<CapacityException>(() => admission.EnforceResourceLimits("t", Limits));

        Assert.Equal((Shortage.Memory, false), (refusal.Shortage, refusal.IsOfTenant));
        tickets[0].Dispose();
        tickets[0].Dispose();
        admission.EnforceResourceLimits("t", Limits);
        Assert.Throws<CapacityException>(() => admission.EnforceResourceLimits("t", Limits));
    }

    [Fact]
    public void EnforceResourceLimits_LargerSandboxes_CountByTheirSize()
    {
        _host.Memory = new HostMemory(1280 * Mebibyte, 1280 * Mebibyte);
        var admission = TestAdmission.On(admission: new AdmissionOptions { MemoryOvercommit = 2 }, host: _host);

        admission.EnforceResourceLimits("t", Limits with { MemoryBytes = 1536 * Mebibyte });
        admission.EnforceResourceLimits("t", Limits);

        Assert.Throws<CapacityException>(() => admission.EnforceResourceLimits("t", Limits));
    }

    [Fact]
    public void EnforceResourceLimits_LittleMemoryReallyFree_IsRefused()
    {
        var admission = TestAdmission.On(host: _host);
        // 512 MiB at an overcommit of 4 are expected to use 128, on top of the 256 that stay.
        _host.Memory = _host.Memory with { AvailableBytes = 383 * Mebibyte };
        Assert.Equal(Shortage.Memory, Assert.Throws<CapacityException>(() => admission.EnforceResourceLimits("t", Limits)).Shortage);

        _host.Memory = _host.Memory with { AvailableBytes = 384 * Mebibyte };
        admission.EnforceResourceLimits("t", Limits);
    }

    [Fact]
    public void EnforceResourceLimits_LittleDiskFree_IsRefused()
    {
        var admission = TestAdmission.On(host: _host);
        _host.FreeDiskBytes = (1024 * Mebibyte) - 1;
        Assert.Equal(Shortage.Disk, Assert.Throws<CapacityException>(() => admission.EnforceResourceLimits("t", Limits)).Shortage);

        _host.FreeDiskBytes = 1024 * Mebibyte;
        admission.EnforceResourceLimits("t", Limits);
    }

    [Fact]
    public void EnforceResourceLimits_TenantAtItsLimit_LeavesOthersAlone()
    {
        var admission = TestAdmission.On(new SandboxesOptions { MaxSandboxesPerTenant = 2 });
        var first = admission.EnforceResourceLimits("a", Limits);
        admission.EnforceResourceLimits("a", Limits);

        var refusal = Assert.Throws<CapacityException>(() => admission.EnforceResourceLimits("a", Limits));

        Assert.Equal((Shortage.TenantSandboxes, true), (refusal.Shortage, refusal.IsOfTenant));
        admission.EnforceResourceLimits("b", Limits);
        first.Dispose();
        admission.EnforceResourceLimits("a", Limits);
    }

    [Fact]
    public void EnforceResourceLimits_ManyAtOnce_NeverAdmitsMoreThanTheLimit()
    {
        var admission = TestAdmission.On(new SandboxesOptions { MaxSandboxesPerTenant = 20 });
        var admitted = 0;

        Parallel.For(0, 200, _ =>
        {
            try
            {
                admission.EnforceResourceLimits("a", Limits);
                Interlocked.Increment(ref admitted);
            }
            catch (CapacityException)
            {
                // One of the 180 others.
            }
        });

        Assert.Equal(20, admitted);
    }
}
