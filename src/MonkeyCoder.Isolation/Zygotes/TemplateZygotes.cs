using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Zygotes;

/// <summary>Keeps a zygote of one template running: starts it, replaces one that dies or has forked enough.</summary>
internal sealed class TemplateZygotes : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(10);

    private readonly TemplateLayers _template;
    private readonly EngineNode _node;
    private readonly ILogger _logger;
    private readonly string _group;
    private readonly byte[] _strictFilter = SeccompProfile.Compile(SandboxProfile.Strict);
    private readonly byte[] _workspaceFilter = SeccompProfile.Compile(SandboxProfile.Workspace);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _tried = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _keeping;
    private volatile Zygote? _current;
    private long _forks;
    private long _replaced;

    /// <summary>Starts the first one; returns at once.</summary>
    public TemplateZygotes(TemplateLayers template, EngineNode node, ILogger logger)
    {
        _template = template;
        _node = node;
        _logger = logger;
        _group = node.Paths.ZygoteCgroup(template.Version);
        _keeping = Task.Run(() => KeepAsync(_stopping.Token));
    }

    /// <summary>The one that forks now; null while there is none.</summary>
    public Zygote? Current => _current is { Ended.IsCompleted: false } alive ? alive : null;

    /// <summary>Kernels forked since the start of the node.</summary>
    public long Forks => Interlocked.Read(ref _forks);

    /// <summary>Zygotes that have died or been renewed.</summary>
    public long Replaced => Interlocked.Read(ref _replaced);

    /// <summary>Completes when the first one is ready, or could not be started.</summary>
    public Task Tried => _tried.Task;

    /// <summary>Counts a kernel.</summary>
    public void CountFork() => Interlocked.Increment(ref _forks);

    /// <summary>Says why a kernel is started after all.</summary>
    public void ReportFailure(SandboxId sandbox, string reason) => _logger.ForkFailed(sandbox, reason);

    /// <summary>The system-call filter of a profile.</summary>
    public ReadOnlyMemory<byte> FilterOf(SandboxProfile profile) => profile == SandboxProfile.Strict ? _strictFilter : _workspaceFilter;

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_current is { } last) await last.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
        using var deadline = new CancellationTokenSource(_node.Options.TeardownTimeout, _node.Time);
        await _node.Remains.RemoveGroupAsync(_group, deadline.Token).ConfigureAwait(false);
    }

    private async Task KeepAsync(CancellationToken stopping)
    {
        var pause = FirstPause;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var started = _node.Time.GetTimestamp();
                _node.Cgroups.Create(_group);
                var zygote = await Zygote.StartAsync(_template, _group, _node, stopping).ConfigureAwait(false);
                var old = Interlocked.Exchange(ref _current, zygote);
                _logger.ZygoteReady(_template.Version, zygote.Pid, _node.Time.GetElapsedTime(started).TotalMilliseconds);
                _tried.TrySetResult();
                var ready = _node.Time.GetTimestamp();
                if (old is not null) await old.DisposeAsync().ConfigureAwait(false);
                await Task.WhenAny(zygote.Ended, zygote.Spent).WaitAsync(stopping).ConfigureAwait(false);
                Interlocked.Increment(ref _replaced);
                var died = zygote.Ended.IsCompleted;
                if (died) _logger.ZygoteEnded(_template.Version, zygote.Pid, zygote.LastWords);
                // One that has forked enough is renewed at once, however soon that was.
                if (!died || _node.Time.GetElapsedTime(ready) >= ShortLife)
                {
                    pause = FirstPause;
                    continue;
                }

                // Whoever can end them must not keep the node busy with making new ones.
                await Task.Delay(pause, _node.Time, stopping).ConfigureAwait(false);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
#pragma warning disable CA1031 // The loop goes on whatever happened to one zygote: kernels are started without it meanwhile.
            catch (Exception e) when (!stopping.IsCancellationRequested)
#pragma warning restore CA1031
            {
                _logger.ZygoteFailed(e, _template.Version, pause.TotalSeconds);
                _tried.TrySetResult();
                await Task.Delay(pause, _node.Time, stopping).ConfigureAwait(false);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }
}
