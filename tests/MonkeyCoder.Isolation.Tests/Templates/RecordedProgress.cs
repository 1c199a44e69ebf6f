using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Isolation.Tests.Templates;

/// <summary>Keeps what is reported, in order, on the reporter's thread.</summary>
internal sealed class RecordedProgress : IProgress<TemplateProgress>
{
    private readonly Lock _gate = new();
    private readonly List<TemplateProgress> _reports = [];

    /// <summary>Set at the first report of the phase <see cref="TemplatePhase.Waiting"/>.</summary>
    public TaskCompletionSource Waiting { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<TemplateProgress> Reports
    {
        get
        {
            lock (_gate) return [.. _reports];
        }
    }

    public void Report(TemplateProgress value)
    {
        lock (_gate) _reports.Add(value);
        if (value.Phase == TemplatePhase.Waiting) Waiting.TrySetResult();
    }
}
