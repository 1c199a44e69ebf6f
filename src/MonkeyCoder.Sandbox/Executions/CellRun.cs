using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>One cell whose turn it is. Disposing it before its end interrupts the cell and waits until the kernel is free again.</summary>
internal sealed class CellRun : IAsyncDisposable
{
    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(1);

    private readonly LiveSandbox _sandbox;
    private readonly CellRequest _request;
    private readonly CellKernel _kernel;
    private readonly CellDeadline _deadline;
    private readonly CellTranslator _translator;
    private readonly TimeProvider _timeProvider;
    private readonly CancellationTokenSource _reading;
    private SandboxUsage? _before;
    private SandboxFailures? _failures;
    private long? _startedAt;
    private ICellStream? _stream;
    private IAsyncEnumerator<CellOutput>? _steps;
    private Task<CellStep>? _pending;
    private bool _over;

    public CellRun(LiveSandbox sandbox, CellRequest request, CellSurroundings surroundings, CancellationToken caller)
    {
        _sandbox = sandbox;
        _request = request;
        _kernel = surroundings.Kernel;
        _timeProvider = surroundings.TimeProvider;
        _translator = new CellTranslator(sandbox.Id.Value, surroundings.Security, _timeProvider);
        _deadline = new CellDeadline(sandbox.Agent, request, surroundings.InterruptGrace, sandbox.Runs.Clock, caller);
        _reading = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Abandoned, sandbox.Stopping);
    }

    /// <summary>The events; the last is one <see cref="CellEnded"/>.</summary>
    public async IAsyncEnumerable<CellEvent> ReadAsync()
    {
        CellStep step;
        while (true)
        {
            _pending = NextAsync();
            if (!_pending.IsCompleted)
            {
                _translator.Flush();
                while (_translator.TryNext(out var ready)) yield return ready;
            }

            step = await _pending.ConfigureAwait(false);
            _pending = null;
            if (step.Output is null or CellIdle or CellKernelDied) break;
            // A caller who has left gets no more output; the stream is read to the end of the cell all the same.
            if (_deadline.Cause == CellStatus.Cancelled) continue;
            _translator.Take(step.Output);
            while (_translator.TryNext(out var ready)) yield return ready;
        }

        _over = true;
        if (step.Failure is KernelStartException unstarted) throw unstarted;
        _translator.Finish();
        var measured = Measure();
        var end = await EndAsync(step, measured?.After).ConfigureAwait(false);
        while (_translator.TryNext(out var ready)) yield return ready;
        yield return end with { Measured = measured };
    }

    public async ValueTask DisposeAsync()
    {
        if (!_over)
        {
            _deadline.Cancel();
            await DrainAsync().ConfigureAwait(false);
        }

        await _deadline.DisposeAsync().ConfigureAwait(false);
        await CloseStreamAsync().ConfigureAwait(false);
        _reading.Dispose();
    }

    // Bounded by the deadline, which gives the stream up in the end.
    private async Task DrainAsync()
    {
        var step = await (_pending ?? NextAsync()).ConfigureAwait(false);
        while (step.Output is not (null or CellIdle or CellKernelDied)) step = await NextAsync().ConfigureAwait(false);
        if (step.Output is not CellIdle) _request.Context.IsOpen = false;
    }

    private async Task<CellStep> NextAsync()
    {
        try
        {
            if (_steps is null) await OpenStreamAsync().ConfigureAwait(false);
            return await _steps!.MoveNextAsync().ConfigureAwait(false)
                ? new CellStep(_steps.Current, Failure: null)
                : new CellStep(Output: null, new AgentUnreachableException("The cell's stream ended without an end."));
        }
        catch (AgentException exception) when (exception.Code == AgentErrorCode.NotFound && _request.Context.IsOpen)
        {
            // The kernel died while nobody looked: a new one takes the cell.
            _request.Context.IsOpen = false;
            await CloseStreamAsync().ConfigureAwait(false);
            return await NextAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is AgentException or IOException or OperationCanceledException or KernelStartException)
        {
            return new CellStep(Output: null, exception);
        }
    }

    private async Task OpenStreamAsync()
    {
        await _kernel.OpenAsync(_sandbox, _request.Context, _reading.Token).ConfigureAwait(false);
        if (_request.IsMeasured)
        {
            SandboxReadings.TryResetPeak(_sandbox.Engine);
            _before = SandboxReadings.TryRead(_sandbox.Engine);
        }

        _failures = _before?.Failures ?? SandboxReadings.TryReadFailures(_sandbox.Engine);
        _startedAt = _sandbox.Runs.Clock.GetTimestamp();
        _deadline.Arm();
        var request = new KernelExecuteRequest(_request.Context.Id, _request.Code, _request.Environment);
        _stream = await _sandbox.Agent.ExecuteAsync(request, _reading.Token).ConfigureAwait(false);
        _steps = _stream.ReadAllAsync(_reading.Token).GetAsyncEnumerator(CancellationToken.None);
    }

    private async Task CloseStreamAsync()
    {
        if (_steps is not null) await _steps.DisposeAsync().ConfigureAwait(false);
        if (_stream is not null) await _stream.DisposeAsync().ConfigureAwait(false);
        _steps = null;
        _stream = null;
    }

    private CellMeasurement? Measure() => _request.IsMeasured && _startedAt is { } started
        ? new CellMeasurement(_sandbox.Runs.Clock.GetElapsedTime(started), _before, SandboxReadings.TryRead(_sandbox.Engine))
        : null;

    private async Task<CellEnded> EndAsync(CellStep step, SandboxUsage? after)
    {
        if (step.Output is CellIdle { Interrupted: false } && _translator.Error is null) return new CellEnded(CellStatus.Completed, Reason: null);
        var limit = Judge(after);
        if (step.Output is CellIdle idle) return EndIdle(idle, limit);
        _request.Context.IsOpen = false;
        if (step.Output is CellKernelDied) return EndDead(limit);
        return await EndLostAsync(step.Failure).ConfigureAwait(false);
    }

    /// <summary>The limit that the cell ran into; null where it was none.</summary>
    /// <param name="after">Measured after it, unless nobody has asked for that.</param>
    private string? Judge(SandboxUsage? after)
    {
        if (_failures is not { } before || (after ?? SandboxReadings.TryRead(_sandbox.Engine)) is not { } usage) return null;
        return FullPlaces.Refine(LimitVerdict.Of(before, usage, _sandbox.Engine.Spec.Limits, _translator.Error), _before, usage, _translator.Error);
    }

    private CellEnded EndIdle(CellIdle idle, string? limit)
    {
        if (_deadline.Cause is { } cause && (idle.Interrupted || _translator.Error is not null)) return EndOverdue(cause);
        if (_translator.Error is null) return new CellEnded(CellStatus.Completed, Reason: null);
        return limit is not null
            ? new CellEnded(CellStatus.Killed, limit)
            : new CellEnded(CellStatus.Failed, Reason: null);
    }

    private CellEnded EndDead(string? limit)
    {
        if (_deadline.Cause is { } cause) return EndOverdue(cause);
        if (_request.Context.IsRestarting)
        {
            _translator.Raise("ContextRestarting", "The context was restarted while the cell ran.");
            return new CellEnded(CellStatus.Cancelled, "kernel_restarted");
        }

        if (limit is not null)
        {
            _translator.Raise("LimitReached", $"The kernel was killed at the sandbox's limit of {limit}; the next cell gets a new one.");
            return new CellEnded(CellStatus.Killed, limit);
        }

        _translator.Raise("KernelDied", "The kernel ended under the cell; the next cell gets a new one.");
        return new CellEnded(CellStatus.Killed, "kernel_died");
    }

    private CellEnded EndOverdue(CellStatus cause)
    {
        if (cause == CellStatus.Timeout)
            _translator.Raise("ExecutionTimeout", $"The cell was interrupted after {_request.Timeout!.Value.TotalSeconds:0.###} seconds.");
        return new CellEnded(cause, Reason: null);
    }

    private async Task<CellEnded> EndLostAsync(Exception? failure)
    {
        if (_deadline.Cause is { } cause) return EndOverdue(cause);
        switch (failure)
        {
            case AgentException { Code: AgentErrorCode.ResourceExhausted }:
                return Killed(LimitVerdict.Processes, "The kernel could not be started at the sandbox's limit of processes.");
            case AgentException { Code: AgentErrorCode.OutOfSpace }:
                return Killed(LimitVerdict.Disk, "The kernel could not be started with a full disk.");
        }

        var exit = await ExitAsync().ConfigureAwait(false);
        if (exit == SandboxExit.OutOfMemory)
            return Killed(LimitVerdict.Memory, "The sandbox was killed at its limit of memory.");
        if (_sandbox.EndedBy == SandboxEnd.Timeout)
            return Killed(SandboxEndNames.Life, "The sandbox's life ended while the cell ran; give it a longer one.");
        if (_sandbox.Stopping.IsCancellationRequested && exit != SandboxExit.AgentDied)
        {
            _translator.Raise("SandboxKilled", "The sandbox was killed while the cell ran.");
            return new CellEnded(CellStatus.Cancelled, "sandbox_killed");
        }

        return Killed("sandbox_died", "The sandbox could no longer be reached.");
    }

    private CellEnded Killed(string reason, string message)
    {
        _translator.Raise("SandboxError", message);
        return new CellEnded(CellStatus.Killed, reason);
    }

    // What the engine has seen of the first process's end comes a moment after its socket has closed.
    private async Task<SandboxExit?> ExitAsync()
    {
        var exited = _sandbox.Engine.Exited;
        await Task.WhenAny(exited, Task.Delay(ExitPatience, _timeProvider, CancellationToken.None)).ConfigureAwait(false);
        return exited.IsCompletedSuccessfully ? await exited.ConfigureAwait(false) : null;
    }
}

/// <summary>What every cell is run with.</summary>
/// <param name="Kernel">Opens kernels.</param>
/// <param name="InterruptGrace">Time between interrupt and kill.</param>
/// <param name="Security">Log of security events.</param>
/// <param name="TimeProvider">Clock.</param>
internal sealed record CellSurroundings(
    CellKernel Kernel, TimeSpan InterruptGrace, ILogger Security, TimeProvider TimeProvider);

/// <summary>One step of a cell's stream: an output, or why there is none.</summary>
internal readonly record struct CellStep(CellOutput? Output, Exception? Failure);
