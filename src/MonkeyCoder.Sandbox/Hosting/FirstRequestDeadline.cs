using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>
/// Cuts a connection whose first request has not come in time, without an answer: who sends headers byte by byte gets
/// nothing for it. The server's own limit, which answers with 408, holds for later requests of a connection.
/// </summary>
internal sealed class FirstRequestDeadline : IDisposable
{
    private readonly ITimer _timer;

    private FirstRequestDeadline(ConnectionContext connection, TimeSpan patience) => _timer = TimeProvider.System.CreateTimer(
        static state => ((ConnectionContext)state!).Abort(new ConnectionAbortedException("No request came in time.")),
        connection, patience, Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();

    /// <summary>Watches the connections of a listener.</summary>
    public static void Watch(ListenOptions listen, TimeSpan patience) => listen.Use(next => async connection =>
    {
        using var deadline = new FirstRequestDeadline(connection, patience);
        connection.Features.Set(deadline);
        await next(connection).ConfigureAwait(false);
    });

    /// <summary>Middleware: a request has come, so the connection may stay.</summary>
    public static Task ArrivedAsync(HttpContext context, RequestDelegate next)
    {
        context.Features.Get<FirstRequestDeadline>()?._timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return next(context);
    }
}
