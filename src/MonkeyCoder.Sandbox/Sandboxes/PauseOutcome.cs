namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>What became of the wish to pause a sandbox.</summary>
internal enum PauseOutcome
{
    Paused,

    /// <summary>It was paused before.</summary>
    WasPaused,

    /// <summary>It has ended.</summary>
    Ended,

    /// <summary>Its tenant has as many paused sandboxes as it may; it runs on.</summary>
    TooMany,

    /// <summary>Its processes could not be stopped just now; it runs on.</summary>
    Busy,
}

/// <summary>What became of the wish that a sandbox runs.</summary>
internal enum ResumeOutcome
{
    Resumed,

    /// <summary>It was not paused.</summary>
    WasRunning,

    /// <summary>It has ended.</summary>
    Ended,
}
