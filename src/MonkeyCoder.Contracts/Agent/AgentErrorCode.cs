namespace MonkeyCoder.Contracts.Agent;

/// <summary>Why the agent refused or failed. The values are the Connect codes (connectrpc.com/docs/protocol) that E2B clients see.</summary>
public enum AgentErrorCode : byte
{
    /// <summary>A fault that has no better name.</summary>
    Unknown = 0,
    /// <summary>The request is wrong whatever the state of the sandbox.</summary>
    InvalidArgument = 1,
    /// <summary>No such file, process, kernel or watcher.</summary>
    NotFound = 2,
    /// <summary>The thing to create exists.</summary>
    AlreadyExists = 3,
    /// <summary>The kernel said EACCES or EPERM.</summary>
    PermissionDenied = 4,
    /// <summary>Too many processes or descriptors (EAGAIN, EMFILE).</summary>
    ResourceExhausted = 5,
    /// <summary>Disk full or quota reached (ENOSPC, EDQUOT).</summary>
    OutOfSpace = 6,
    /// <summary>Not in this state, e.g. a cyclic link as the root of a listing.</summary>
    FailedPrecondition = 7,
    /// <summary>Signal or language that is not offered.</summary>
    Unimplemented = 8,
    /// <summary>A bug or an I/O error in the agent.</summary>
    Internal = 9,
    /// <summary>Unknown user name.</summary>
    Unauthenticated = 10,
    /// <summary>Nothing listens on the dialled port (ECONNREFUSED).</summary>
    Unavailable = 11,
}
