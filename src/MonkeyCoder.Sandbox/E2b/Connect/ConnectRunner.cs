using System.Text.Json.Serialization.Metadata;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Sandbox.E2b.Connect;

/// <summary>Runs one call and says how it failed: as an HTTP error for a unary call, in the last envelope for a stream.</summary>
internal static class ConnectRunner
{
    /// <summary>Request to answer.</summary>
    public static async Task UnaryAsync<TRequest, TAnswer>(
        ConnectCall call, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType,
        Func<ConnectCall, TRequest, Task<TAnswer>> handler) where TRequest : class
    {
        ConnectErrorBody error;
        try
        {
            var request = await call.ReadUnaryAsync(requestType).ConfigureAwait(false);
            var answer = await handler(call, request).ConfigureAwait(false);
            await E2bAnswers.WriteAsync(call.Context, answer, answerType).ConfigureAwait(false);
            return;
        }
        catch (AgentException e)
        {
            error = ConnectErrors.From(e);
        }
        catch (AgentUnreachableException)
        {
            await SandboxLoss.AbortAsync(call.Context, call.Sandbox).ConfigureAwait(false);
            error = ConnectErrors.Unavailable;
        }
        catch (OperationCanceledException) when (call.DeadlinePassed)
        {
            error = ConnectErrors.DeadlineExceeded;
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (call.Context.Response.HasStarted || call.Context.RequestAborted.IsCancellationRequested) return;
        await E2bAnswers
            .WriteAsync(call.Context, error, E2bJson.Default.ConnectErrorBody, ConnectErrors.Status(error.Code)).ConfigureAwait(false);
    }

    /// <summary>Request to a stream of messages. The handler writes all but the last envelope.</summary>
    public static async Task StreamAsync<TRequest>(
        ConnectCall call, JsonTypeInfo<TRequest> requestType, Func<ConnectCall, TRequest, ConnectStream, Task> handler)
        where TRequest : class
    {
        var stream = new ConnectStream(call.Context);
        stream.Begin();
        ConnectErrorBody? error = null;
        try
        {
            var request = await call.ReadEnvelopeAsync(requestType).ConfigureAwait(false);
            await handler(call, request, stream).ConfigureAwait(false);
        }
        catch (AgentException e)
        {
            error = ConnectErrors.From(e);
        }
        catch (AgentUnreachableException)
        {
            await SandboxLoss.AbortAsync(call.Context, call.Sandbox).ConfigureAwait(false);
            error = ConnectErrors.Unavailable;
        }
        catch (OperationCanceledException) when (call.DeadlinePassed)
        {
            error = ConnectErrors.DeadlineExceeded;
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (call.Context.RequestAborted.IsCancellationRequested) return;
        try
        {
            await stream.EndAsync(error).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client left just now.
        }
    }
}
