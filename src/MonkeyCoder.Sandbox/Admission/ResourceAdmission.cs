using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Admission;

/// <summary>
/// Decides whether the node can hold one more sandbox. 1. The number of sandboxes, of the tenant and of the node. 2. The
/// memory that all limits promise, against that of the host and the overcommit. 3. The memory and the disk that are
/// really free now. Deciding and setting aside is one step, so that parallel creates cannot pass together.
/// </summary>
internal sealed class ResourceAdmission(
    IHostCapacity host, IOptions<AdmissionOptions> admission, IOptions<SandboxesOptions> sandboxes, ILogger<ResourceAdmission> logger)
{
    private const long Mebibyte = 1024 * 1024;

    private readonly AdmissionOptions _options = admission.Value;
    private readonly SandboxesOptions _counts = sandboxes.Value;
    private readonly Lock _lock = new();

    // All guarded by _lock.
    private readonly Dictionary<string, int> _perTenant = new(StringComparer.Ordinal);
    private int _sandboxes;
    private long _promisedBytes;

    /// <summary>Sets aside what the sandbox may take, before anything of it is started. The ticket is disposed when nothing of it is left.</summary>
    /// <exception cref="CapacityException">The node cannot hold it, or the tenant has as many as it may.</exception>
    public AdmissionTicket EnforceResourceLimits(string tenant, SandboxLimits limits)
    {
        var memory = host.ReadMemory();
        var disk = host.ReadFreeDiskBytes();
        lock (_lock)
        {
            if (Find(tenant, limits, memory, disk) is { } shortage)
            {
                logger.Refused(tenant, shortage, _sandboxes, _promisedBytes, memory.AvailableBytes, memory.TotalBytes, disk);
                throw new CapacityException(shortage, Describe(shortage), _options.RetryAfter);
            }

            _sandboxes++;
            _promisedBytes += limits.MemoryBytes;
            _perTenant[tenant] = _perTenant.GetValueOrDefault(tenant) + 1;
            return new AdmissionTicket(this, tenant, limits.MemoryBytes);
        }
    }

    /// <summary>Whether the node could hold one more sandbox beside those that wait for an owner.</summary>
    public bool HasRoomFor(SandboxLimits limits, int waiting)
    {
        var memory = host.ReadMemory();
        var disk = host.ReadFreeDiskBytes();
        lock (_lock)
        {
            return _sandboxes + waiting < _counts.MaxSandboxes && FindOnHost(limits, memory, disk) is null;
        }
    }

    /// <summary>Only the ticket calls this.</summary>
    public void Release(string tenant, long memoryBytes)
    {
        lock (_lock)
        {
            _sandboxes--;
            _promisedBytes -= memoryBytes;
            if (--_perTenant[tenant] == 0) _perTenant.Remove(tenant);
        }
    }

    /// <summary>Caller holds <see cref="_lock"/>.</summary>
    private Shortage? Find(string tenant, SandboxLimits limits, HostMemory memory, long diskBytes)
    {
        if (_perTenant.GetValueOrDefault(tenant) >= _counts.MaxSandboxesPerTenant) return Shortage.TenantSandboxes;
        return _sandboxes >= _counts.MaxSandboxes ? Shortage.NodeSandboxes : FindOnHost(limits, memory, diskBytes);
    }

    /// <summary>Caller holds <see cref="_lock"/>.</summary>
    private Shortage? FindOnHost(SandboxLimits limits, HostMemory memory, long diskBytes)
    {
        var reserved = _options.ReservedMemoryMb * Mebibyte;
        var mayBePromised = (memory.TotalBytes - reserved) * _options.MemoryOvercommit;
        if (_promisedBytes + limits.MemoryBytes > mayBePromised) return Shortage.Memory;
        // What a sandbox is expected to use, by the same figure that says how much may be promised.
        if (memory.AvailableBytes - reserved < limits.MemoryBytes / _options.MemoryOvercommit) return Shortage.Memory;
        return diskBytes < _options.MinFreeDiskMb * Mebibyte ? Shortage.Disk : null;
    }

    private string Describe(Shortage shortage) => shortage switch
    {
        Shortage.TenantSandboxes =>
            $"You have {_counts.MaxSandboxesPerTenant} sandboxes, which is the limit; kill one, or try again when one has ended.",
        Shortage.NodeSandboxes => "This node runs as many sandboxes as it may; try again later, or use another node.",
        Shortage.Memory => "This node has no memory for another sandbox now; try again later, with less memory, or use another node.",
        _ => "This node has no disk for another sandbox now; try again later, or use another node.",
    };
}
