using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>
/// Runs right after routing: answers what matched no route, and lets nobody past who may not. An endpoint that says
/// nothing about access is closed.
/// </summary>
internal sealed class RouteGate(ProblemWriter writer, CallerAuthenticator authenticator) : IMiddleware
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var problem = context.GetEndpoint() switch
        {
            null => ProblemCatalog.Make(ProblemCodes.NotFound),
            RouteEndpoint endpoint => Admit(context, endpoint),
            _ => await AnswerOfRouting(context, next).ConfigureAwait(false),
        };
        if (problem is null) await next(context).ConfigureAwait(false);
        else await writer.WriteAsync(context, problem).ConfigureAwait(false);
    }

    private Problem? Admit(HttpContext context, RouteEndpoint endpoint)
    {
        var access = endpoint.Metadata.GetMetadata<AccessRule>();
        if (access is { IsOpen: true }) return null;
        if (!authenticator.Authenticate(context).TryGet(out var caller, out var problem))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return problem;
        }

        if (access?.Scope is not { } scope || !caller.Scopes.Contains(scope))
        {
            return ProblemCatalog.Make(
                ProblemCodes.InsufficientScope, $"Use a token with the scope '{access?.Scope ?? "none"}'.");
        }

        context.Features.Set(caller);
        return null;
    }

    // Routing puts endpoints of its own where a path exists for another method or content type: they set the status
    // and the header Allow, and leave the body to others.
    private static async Task<Problem> AnswerOfRouting(HttpContext context, RequestDelegate next)
    {
        await next(context).ConfigureAwait(false);
        return ProblemCatalog.Make(context.Response.StatusCode switch
        {
            StatusCodes.Status405MethodNotAllowed => ProblemCodes.MethodNotAllowed,
            StatusCodes.Status415UnsupportedMediaType => ProblemCodes.UnsupportedMediaType,
            _ => ProblemCodes.NotFound,
        });
    }
}
