using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent;

/// <summary>A request cannot be done; code and message go to the node as <see cref="AgentError"/>.</summary>
internal sealed class AgentFault(AgentErrorCode code, string message) : Exception(message)
{
    public AgentErrorCode Code { get; } = code;

    /// <summary>The fault for a failed call, e.g. <c>cannot write '/x': No space left on device (errno 28)</c>.</summary>
    public static AgentFault Of(int errno, string what) => new(CodeOf(errno), $"{what}: {ErrnoName.Describe(errno)}");

    public static AgentErrorCode CodeOf(int errno) => errno switch
    {
        ErrnoName.ENOENT or ErrnoName.ESRCH => AgentErrorCode.NotFound,
        ErrnoName.EEXIST => AgentErrorCode.AlreadyExists,
        ErrnoName.EACCES or ErrnoName.EPERM or ErrnoName.EROFS => AgentErrorCode.PermissionDenied,
        ErrnoName.ENOSPC or ErrnoName.EDQUOT or ErrnoName.EFBIG => AgentErrorCode.OutOfSpace,
        ErrnoName.EAGAIN or ErrnoName.EMFILE or ErrnoName.ENFILE or ErrnoName.ENOMEM => AgentErrorCode.ResourceExhausted,
        ErrnoName.ENOTDIR or ErrnoName.EISDIR or ErrnoName.EINVAL or ErrnoName.ENAMETOOLONG or ErrnoName.ENOTEMPTY or ErrnoName.ENXIO
            => AgentErrorCode.InvalidArgument,
        ErrnoName.ELOOP or ErrnoName.EXDEV or ErrnoName.EBUSY => AgentErrorCode.FailedPrecondition,
        _ => AgentErrorCode.Internal,
    };
}
