using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>
/// Ends everything when the service stops. 1. Every sandbox is killed, which ends the requests that stream from it;
/// this comes before the server waits for its requests. 2. The server stops. 3. The engine removes its pool.
/// </summary>
internal sealed class OrderlyStop(
    ISandboxRegistry registry, ISandboxEngine engine, Departures departures, IOptions<HostingOptions> options,
    TimeProvider timeProvider, ILogger<OrderlyStop> logger) : IHostedLifecycleService
{
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        // The host's token is the impatience of whoever sent a second signal; removal has a bound of its own.
        using var bound = new CancellationTokenSource(options.Value.ShutdownTimeout, timeProvider);
        var live = registry.All;
        logger.Stopping(live.Count);
        try
        {
            await Task.WhenAll(live.Select(sandbox => registry.KillAsync(sandbox, bound.Token))).ConfigureAwait(false);
            await departures.DisposeAsync().AsTask().WaitAsync(bound.Token).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // A teardown step: what is left is removed by the engine below, or at the next start.
            logger.StopIncomplete(exception);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await engine.DisposeAsync().AsTask()
                .WaitAsync(options.Value.ShutdownTimeout, timeProvider, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // As above.
            logger.StopIncomplete(exception);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
