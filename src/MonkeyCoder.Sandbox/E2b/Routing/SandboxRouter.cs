using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.E2b.CodeInterpreter;
using MonkeyCoder.Sandbox.E2b.Envd;
using MonkeyCoder.Sandbox.RateLimits;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Routing;

/// <summary>
/// Middleware in front of the node's own routes: takes what is meant for a port of a sandbox. When the sandbox is paused or ends,
/// its connections are broken off, and later requests are answered with 502; where it is to resume for traffic, they resume it.
/// </summary>
internal sealed class SandboxRouter(
    RequestDelegate next, ISandboxRegistry registry, EnvdService envd, CodeInterpreterService codeInterpreter, PortProxy proxy,
    FailureLimits failures)
{
    // Of one that traffic has resumed.
    private static readonly TimeSpan LeastLife = TimeSpan.FromMinutes(5);

    public Task InvokeAsync(HttpContext context)
    {
        if (RouteTarget.Read(context.Request) is { } target) return RouteAsync(context, target);
        // A signed URL made for one origin of all sandboxes says nothing of the sandbox but by its signature.
        return context.Request.Path == "/files" ? RouteBySignatureAsync(context) : next(context);
    }

    private async Task RouteAsync(HttpContext context, RouteTarget target)
    {
        if (target.Problem is { } problem)
            await E2bAnswers.WriteErrorAsync(context, StatusCodes.Status400BadRequest, problem).ConfigureAwait(false);
        else if (registry.Find(target.SandboxId) is { } sandbox)
            await ServeAsync(context, sandbox, target.Port).ConfigureAwait(false);
        else
            await NotFoundAsync(context, target).ConfigureAwait(false);
    }

    private async Task RouteBySignatureAsync(HttpContext context)
    {
        EnvdCors.Allow(context);
        if (EnvdCors.TryAnswerPreflight(context)) return;
        var address = context.Connection.RemoteIpAddress;
        if (failures.Check(address) is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            await E2bAnswers.WriteErrorAsync(
                context, StatusCodes.Status429TooManyRequests, "too many signatures that do not hold; try again later").ConfigureAwait(false);
            return;
        }

        var signature = FileSignature.Read(context.Request);
        if (signature?.FindSandbox(registry) is { } sandbox)
        {
            await ServeAsync(context, sandbox, E2bProtocol.EnvdPort).ConfigureAwait(false);
            return;
        }

        if (signature is not null) failures.Count(address);
        await E2bAnswers.WriteErrorAsync(
            context, StatusCodes.Status401Unauthorized,
            "invalid signature, or its sandbox has ended; name the sandbox with E2b-Sandbox-Id and E2b-Sandbox-Port").ConfigureAwait(false);
    }

    private async Task ServeAsync(HttpContext context, LiveSandbox sandbox, int port)
    {
        // What a body may hold is decided by who reads it: a message, a cell, or the disk of the sandbox.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = null;
        using var use = sandbox.Activity.Enter();
        if (port != E2bProtocol.EnvdPort && sandbox.Tokens.Traffic is { } token
            && !EnvdAccess.Matches(context.Request.Headers[E2bProtocol.TrafficTokenHeader], token))
        {
            await RefuseTrafficAsync(context, sandbox, port).ConfigureAwait(false);
            return;
        }

        if (await RunAsync(context, sandbox, port).ConfigureAwait(false) is not { } run)
        {
            await PausedAsync(context, sandbox, port).ConfigureAwait(false);
            return;
        }

        // The request holds on to the sandbox by this alone: abort is safe from any thread, and at any time.
        await using var _ = run.Ended
            .UnsafeRegister(static state => ((HttpContext)state!).Abort(), context).ConfigureAwait(false);
        if (port == E2bProtocol.EnvdPort)
            await envd.HandleAsync(context, sandbox).ConfigureAwait(false);
        else if (port == E2bProtocol.CodeInterpreterPort)
            await codeInterpreter.HandleAsync(context, sandbox).ConfigureAwait(false);
        else
            await proxy.ForwardAsync(context, sandbox, port).ConfigureAwait(false);
    }

    /// <summary>
    /// Its run; null where it is paused and stays so. Its processes and files do not resume for strangers, who could keep it from
    /// being paused; its other ports do, as they are open to who may use them.
    /// </summary>
    private async Task<SandboxRun?> RunAsync(HttpContext context, LiveSandbox sandbox, int port)
    {
        if (sandbox.Runs.Current is { } run) return run;
        if (!sandbox.Settings.AutoResume || (port == E2bProtocol.EnvdPort && !EnvdAccess.IsAllowed(context, sandbox))) return null;
        var life = sandbox.Settings.Timeout > LeastLife ? sandbox.Settings.Timeout : LeastLife;
        await registry.ResumeAsync(sandbox, life, context.RequestAborted).ConfigureAwait(false);
        return sandbox.Runs.Current;
    }

    private static Task PausedAsync(HttpContext context, LiveSandbox sandbox, int port)
    {
        if (port == E2bProtocol.EnvdPort) EnvdCors.Allow(context);
        return E2bAnswers.WriteAsync(
            context, new RouteErrorBody(sandbox.Id.Value, "The sandbox is paused", StatusCodes.Status502BadGateway),
            E2bJson.Default.RouteErrorBody, StatusCodes.Status502BadGateway);
    }

    private static Task NotFoundAsync(HttpContext context, RouteTarget target)
    {
        if (target.Port == E2bProtocol.EnvdPort) EnvdCors.Allow(context);
        return E2bAnswers.WriteAsync(
            context, new RouteErrorBody(target.SandboxId, "The sandbox was not found", StatusCodes.Status502BadGateway),
            E2bJson.Default.RouteErrorBody, StatusCodes.Status502BadGateway);
    }

    private static Task RefuseTrafficAsync(HttpContext context, LiveSandbox sandbox, int port) =>
        E2bAnswers.WriteAsync(
            context,
            new RouteErrorBody(
                sandbox.Id.Value, "The sandbox asks for its traffic access token in the header 'e2b-traffic-access-token'",
                StatusCodes.Status403Forbidden, port),
            E2bJson.Default.RouteErrorBody, StatusCodes.Status403Forbidden);
}
