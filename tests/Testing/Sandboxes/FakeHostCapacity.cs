using MonkeyCoder.Isolation.Host;

namespace MonkeyCoder.Testing.Sandboxes;

/// <summary>A host with as much as a test says; plenty by default.</summary>
public sealed class FakeHostCapacity : IHostCapacity
{
    public const long Gibibyte = 1024L * 1024 * 1024;

    public HostMemory Memory { get; set; } = new(1024 * Gibibyte, 1024 * Gibibyte);

    public long FreeDiskBytes { get; set; } = 1024 * Gibibyte;

    public HostMemory ReadMemory() => Memory;

    public long ReadFreeDiskBytes() => FreeDiskBytes;
}
