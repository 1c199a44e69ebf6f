using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary><c>/files</c> of a sandbox: by its token, or by a signed URL.</summary>
internal sealed class EnvdFiles(TimeProvider time)
{
    private const int MaxComposeBytes = 1024 * 1024;

    public async Task HandleAsync(HttpContext context, LiveSandbox sandbox)
    {
        if (Refusal(context, sandbox) is { } refusal)
        {
            await E2bAnswers.WriteErrorAsync(context, StatusCodes.Status401Unauthorized, refusal).ConfigureAwait(false);
            return;
        }

        var user = User(context);
        if (HttpMethods.IsPost(context.Request.Method))
            await RunAsync(context, sandbox, () => FileUploads.HandleAsync(context, sandbox, user)).ConfigureAwait(false);
        else if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            await RunAsync(context, sandbox, () => FileDownloads.HandleAsync(context, sandbox, user)).ConfigureAwait(false);
        else
            await E2bAnswers.WriteErrorAsync(context, StatusCodes.Status405MethodNotAllowed, "use GET or POST").ConfigureAwait(false);
    }

    public static Task ComposeAsync(HttpContext context, LiveSandbox sandbox) => RunAsync(context, sandbox, async () =>
    {
        var read = await RequestJson
            .ReadAsync(context.Request, E2bJson.Default.ComposeFilesRequest, MaxComposeBytes, context.RequestAborted).ConfigureAwait(false);
        if (read.Value is not { } request)
        {
            var status = read.Empty ? StatusCodes.Status400BadRequest : read.Status;
            await E2bAnswers.WriteErrorAsync(context, status, read.Problem ?? "the request needs a JSON body").ConfigureAwait(false);
            return;
        }

        foreach (var source in request.SourcePaths) AgentText.Check("source_paths", source);
        var user = string.IsNullOrEmpty(request.Username) ? EnvdAccess.User(context) : request.Username;
        var compose = new ComposeRequest(request.SourcePaths, AgentText.Path("destination", request.Destination), user);
        var entry = await sandbox.Agent.ComposeAsync(compose, context.RequestAborted).ConfigureAwait(false);
        await E2bAnswers.WriteAsync(context, EntryMapper.Entry(entry), E2bJson.Default.EntryRecord).ConfigureAwait(false);
    });

    /// <summary>Turns what goes wrong on the way into an answer, or breaks off what has begun.</summary>
    public static async Task RunAsync(HttpContext context, LiveSandbox sandbox, Func<Task> handler)
    {
        try
        {
            await handler().ConfigureAwait(false);
        }
        catch (AgentException e)
        {
            await EnvdErrors.WriteAsync(context, e).ConfigureAwait(false);
        }
        catch (AgentUnreachableException)
        {
            await SandboxLoss.AbortAsync(context, sandbox).ConfigureAwait(false);
            await EnvdErrors.WriteAsync(context, new AgentException(AgentErrorCode.Internal, "the sandbox did not answer")).ConfigureAwait(false);
        }
        catch (InvalidDataException)
        {
            // A form or a gzip stream that is not one.
            await EnvdErrors.WriteAsync(context, new AgentException(AgentErrorCode.InvalidArgument, "the request body is malformed")).ConfigureAwait(false);
        }
        catch (BadHttpRequestException)
        {
            await EnvdErrors.WriteAsync(context, new AgentException(AgentErrorCode.InvalidArgument, "the request body is malformed or too large")).ConfigureAwait(false);
        }
        catch (IOException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // The reader of forms says so when a body ends in the middle of a part.
            await EnvdErrors.WriteAsync(context, new AgentException(AgentErrorCode.InvalidArgument, "the request body is cut off")).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            // The client is gone.
        }
    }

    private static string? User(HttpContext context)
    {
        var user = context.Request.Query["username"].ToString();
        return user.Length > 0 ? user : EnvdAccess.User(context);
    }

    /// <summary>null where the request may pass.</summary>
    private string? Refusal(HttpContext context, LiveSandbox sandbox)
    {
        if (sandbox.Tokens.Access is not { } token) return null;
        if (context.Request.Headers.ContainsKey(E2bProtocol.AccessTokenHeader))
            return EnvdAccess.IsAllowed(context, sandbox) ? null : "access token present in header but does not match";
        if (FileSignature.Read(context.Request) is not { } signature) return "missing signature query parameter";
        if (!signature.IsBy(token)) return "invalid signature";
        return signature.HasExpired(time.GetUtcNow()) ? "signature is already expired" : null;
    }
}
