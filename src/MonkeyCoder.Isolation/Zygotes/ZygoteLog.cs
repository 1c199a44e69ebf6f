using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Zygotes;

/// <summary>Log messages of zygotes: events 2200 to 2299.</summary>
internal static partial class ZygoteLog
{
    [LoggerMessage(2200, LogLevel.Information, "The zygote of template {Template} is ready after {Milliseconds} ms: process {Pid}")]
    public static partial void ZygoteReady(this ILogger logger, string template, int pid, double milliseconds);

    [LoggerMessage(2201, LogLevel.Warning, "The zygote of template {Template}, process {Pid}, has ended; kernels are started without it until another one is ready. Its last words: {Output}")]
    public static partial void ZygoteEnded(this ILogger logger, string template, int pid, string output);

    [LoggerMessage(2202, LogLevel.Warning, "The zygote of template {Template} could not be started; kernels are started without it. Next try in {Seconds} s")]
    public static partial void ZygoteFailed(this ILogger logger, Exception exception, string template, double seconds);

    [LoggerMessage(2203, LogLevel.Information, "A kernel of sandbox {SandboxId} could not be forked and is started: {Reason}")]
    public static partial void ForkFailed(this ILogger logger, SandboxId sandboxId, string reason);
}
