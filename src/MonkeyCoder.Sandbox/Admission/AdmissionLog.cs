namespace MonkeyCoder.Sandbox.Admission;

/// <summary>Event ids 1600-1699.</summary>
internal static partial class AdmissionLog
{
    [LoggerMessage(1600, LogLevel.Warning, "A sandbox of tenant {Tenant} was not admitted: {Shortage}; {Sandboxes} sandboxes, {PromisedBytes} bytes promised, memory {AvailableBytes} of {TotalBytes} available, {DiskBytes} bytes of disk free")]
    public static partial void Refused(
        this ILogger logger, string tenant, Shortage shortage, int sandboxes, long promisedBytes, long availableBytes, long totalBytes, long diskBytes);
}
