namespace MonkeyCoder.Sandbox.Executions;

/// <summary>One kernel of a sandbox, as the code interpreter API names it. Made by <see cref="KernelContexts"/> only.</summary>
/// <param name="id">Id on the wire and at the agent.</param>
/// <param name="language">Normalised by <see cref="KernelContexts.TryNormalise"/>: python, javascript, bash.</param>
/// <param name="workingDirectory">Where it starts.</param>
internal sealed class KernelContext(string id, string language, string workingDirectory)
{
    private bool _isRestarting;

    public string Id => id;

    public string Language => language;

    public string WorkingDirectory => workingDirectory;

    /// <summary>The kernel is being killed because somebody asked for a new one.</summary>
    public bool IsRestarting
    {
        get => Volatile.Read(ref _isRestarting);
        set => Volatile.Write(ref _isRestarting, value);
    }

    /// <summary>Held by the one cell that runs; cells of a context wait for it in turn.</summary>
    public SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>The agent has said that the kernel is ready, and nothing has been heard of its end. Guarded by <see cref="Turn"/>.</summary>
    public bool IsOpen { get; set; }
}
