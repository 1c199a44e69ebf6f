namespace MonkeyCoder.Contracts.Agent;

/// <summary>First byte of every frame. Requests are below 100, answers from 100 on.</summary>
public enum FrameType : byte
{
    /// <summary>No frame.</summary>
    None = 0,

    /// <summary>Empty. Answer: <see cref="Pong"/>.</summary>
    Ping = 1,

    /// <summary><see cref="ConfigureRequest"/>. Answer: <see cref="Ok"/>.</summary>
    Configure = 2,

    /// <summary><see cref="ProcessStartRequest"/>. Answer: <see cref="ProcessStarted"/>, then data frames, then <see cref="ProcessExited"/>.</summary>
    ProcessStart = 10,

    /// <summary><see cref="ProcessSelector"/>. Answer: as <see cref="ProcessStart"/>, live output only; exits are kept 30 s.</summary>
    ProcessConnect = 11,

    /// <summary>Empty. Answer: <see cref="ProcessListing"/>.</summary>
    ProcessList = 12,

    /// <summary><see cref="ProcessInputRequest"/>. Answer: <see cref="Ok"/>.</summary>
    ProcessInput = 13,

    /// <summary><see cref="ProcessSignalRequest"/>. Answer: <see cref="Ok"/>.</summary>
    ProcessSignal = 14,

    /// <summary><see cref="ProcessSelector"/>. Answer: <see cref="Ok"/>.</summary>
    ProcessCloseStdin = 15,

    /// <summary><see cref="ProcessResizeRequest"/>. Answer: <see cref="Ok"/>.</summary>
    ProcessResize = 16,

    /// <summary><see cref="FileReadRequest"/>. Answer: <see cref="FileOpened"/>, <see cref="Data"/>*, <see cref="End"/>.</summary>
    FileRead = 20,

    /// <summary><see cref="FileWriteRequest"/>, then <see cref="Data"/>* and <see cref="End"/> from the node. Answer: <see cref="FileEntry"/>.</summary>
    FileWrite = 21,

    /// <summary><see cref="PathRequest"/>. Answer: <see cref="FileEntry"/>.</summary>
    FileStat = 22,

    /// <summary><see cref="PathRequest"/>. Answer: <see cref="FileEntry"/>.</summary>
    MakeDirectory = 23,

    /// <summary><see cref="MoveRequest"/>. Answer: <see cref="FileEntry"/>.</summary>
    FileMove = 24,

    /// <summary><see cref="ListDirectoryRequest"/>. Answer: <see cref="FileEntry"/>*, <see cref="End"/>, in lexical depth-first order.</summary>
    ListDirectory = 25,

    /// <summary><see cref="PathRequest"/>. Answer: <see cref="Ok"/>.</summary>
    FileRemove = 26,

    /// <summary><see cref="WatchRequest"/>. Answer: <see cref="Ok"/>, then <see cref="WatchEvent"/>* until closed.</summary>
    Watch = 27,

    /// <summary><see cref="ComposeRequest"/>. Answer: <see cref="FileEntry"/>.</summary>
    FileCompose = 28,

    /// <summary><see cref="DialRequest"/>. Answer: <see cref="Ok"/>; after it the connection is raw bytes of that TCP connection.</summary>
    Dial = 30,

    /// <summary><see cref="KernelOpenRequest"/>. Answer: <see cref="Ok"/> when the kernel is ready for its first cell.</summary>
    KernelOpen = 40,

    /// <summary>
    /// <see cref="KernelExecuteRequest"/>. Answer: <see cref="Stdout"/>, <see cref="Stderr"/> and <see cref="KernelMessage"/>
    /// frames, then one <see cref="KernelIdle"/> or <see cref="KernelDied"/>. Closing the connection interrupts the cell.
    /// A second cell of the same kernel waits for the first.
    /// </summary>
    KernelExecute = 41,

    /// <summary><see cref="KernelRequest"/>: SIGINT to the kernel's process group. Answer: <see cref="Ok"/>.</summary>
    KernelInterrupt = 42,

    /// <summary><see cref="KernelRequest"/>: kill the kernel and all of its process group. Answer: <see cref="Ok"/>.</summary>
    KernelClose = 43,

    /// <summary>
    /// <see cref="KernelOpenRequest"/>, where the node can fork kernels. Answer: <see cref="Ok"/> as for <see cref="KernelOpen"/>
    /// where there is one already, else <see cref="KernelPlan"/>. Then from the node <see cref="KernelForked"/>, or the end of the
    /// connection. Answer: <see cref="Ok"/> when the kernel is ready for its first cell.
    /// </summary>
    KernelFork = 44,

    /// <summary>From the node, with the descriptors of <see cref="ForkedKernelMessage"/>.</summary>
    KernelForked = 45,

    /// <summary>Empty.</summary>
    Ok = 100,

    /// <summary><see cref="AgentError"/>. Ends the operation.</summary>
    Error = 101,

    /// <summary><see cref="AgentInfo"/>.</summary>
    Pong = 102,

    /// <summary>Raw bytes of a file.</summary>
    Data = 103,

    /// <summary>Empty: the stream or listing is complete.</summary>
    End = 104,

    /// <summary>Raw bytes.</summary>
    Stdout = 110,

    /// <summary>Raw bytes.</summary>
    Stderr = 111,

    /// <summary>Raw bytes of a terminal.</summary>
    Pty = 112,

    /// <summary><see cref="ProcessStartedEvent"/>.</summary>
    ProcessStarted = 113,

    /// <summary><see cref="ProcessExitedEvent"/>.</summary>
    ProcessExited = 114,

    /// <summary><see cref="ProcessListingAnswer"/>.</summary>
    ProcessListing = 115,

    /// <summary><see cref="FileOpenedAnswer"/>.</summary>
    FileOpened = 120,

    /// <summary><see cref="FileEntryInfo"/>.</summary>
    FileEntry = 121,

    /// <summary><see cref="WatchEventInfo"/>.</summary>
    WatchEvent = 122,

    /// <summary>
    /// <see cref="KernelMessageEvent"/>: one message of the kernel driver.
    /// </summary>
    KernelMessage = 130,

    /// <summary><see cref="KernelIdleEvent"/>: the cell is over, all of its output has been sent before this frame.</summary>
    KernelIdle = 131,

    /// <summary><see cref="ProcessExitedEvent"/>: the kernel process is gone; the next KernelOpen of that id starts a new one.</summary>
    KernelDied = 132,

    /// <summary><see cref="KernelPlanMessage"/>: how the agent would start the kernel.</summary>
    KernelPlan = 133,
}
