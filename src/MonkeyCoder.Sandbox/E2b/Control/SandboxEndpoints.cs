using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Egress;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>Creates, shows, keeps and kills sandboxes.</summary>
internal sealed class SandboxEndpoints(
    ISandboxRegistry registry, TemplateNames templates, SandboxRecordMapper mapper, IOptions<SandboxesOptions> options,
    SandboxLimits limits, SandboxNetworks networks, TimeProvider time)
{
    private const int MaxBodyBytes = 256 * 1024;
    private static readonly TimeSpan LeastRefresh = TimeSpan.FromSeconds(15);

    public static void Map(RouteGroupBuilder group)
    {
        group.MapPost("/v2/sandboxes", static (HttpContext context, SandboxEndpoints endpoints, CancellationToken cancellationToken) =>
            endpoints.CreateAsync(context, v2: true, cancellationToken)).WithName("E2bCreateSandbox");
        group.MapPost("/sandboxes", static (HttpContext context, SandboxEndpoints endpoints, CancellationToken cancellationToken) =>
            endpoints.CreateAsync(context, v2: false, cancellationToken)).WithName("E2bCreateSandboxV1");
        group.MapGet("/sandboxes/{id}", static (string id, HttpContext context, SandboxEndpoints endpoints) =>
            endpoints.Get(id, context)).WithName("E2bGetSandbox");
        group.MapDelete("/sandboxes/{id}", static (string id, HttpContext context, SandboxEndpoints endpoints, CancellationToken cancellationToken) =>
            endpoints.KillAsync(id, context, cancellationToken)).WithName("E2bKillSandbox");
        group.MapPost("/sandboxes/{id}/timeout", static (string id, HttpContext context, SandboxEndpoints endpoints, CancellationToken cancellationToken) =>
            endpoints.SetTimeoutAsync(id, context, cancellationToken)).WithName("E2bSetSandboxTimeout");
        group.MapPost("/sandboxes/{id}/refreshes", static (string id, HttpContext context, SandboxEndpoints endpoints, CancellationToken cancellationToken) =>
            endpoints.RefreshAsync(id, context, cancellationToken)).WithName("E2bRefreshSandbox");
    }

    private async Task<IResult> CreateAsync(HttpContext context, bool v2, CancellationToken cancellationToken)
    {
        var read = await RequestJson
            .ReadAsync(context.Request, E2bJson.Default.SandboxCreateRequest, MaxBodyBytes, cancellationToken).ConfigureAwait(false);
        if (read.Value is not { } request) return E2bAnswers.NoBody(read);
        var plan = CreatePlan.Make(request, v2, templates, options.Value, limits, networks);
        if (plan.Refusal is { } refusal) return refusal;
        var caller = Caller.Of(context);
        var sandbox = await registry
            .CreateAsync(new SandboxOwner(caller.Tenant, caller.KeyId), plan.Spec!, plan.Settings!, cancellationToken).ConfigureAwait(false);
        try
        {
            // What the engine has already holds; header rules need the sandbox as well. Whoever replaced the rules meanwhile wins.
            if (plan.Spec!.Egress.HeaderRules.Count > 0)
                await networks.ReplaceAsync(sandbox, plan.Spec.Egress, plan.Settings!.Network, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await registry.KillAsync(sandbox, CancellationToken.None).ConfigureAwait(false);
            throw;
        }

        return E2bAnswers.Json(mapper.Created(sandbox), E2bJson.Default.SandboxCreated, StatusCodes.Status201Created);
    }

    private IResult Get(string id, HttpContext context)
    {
        var found = SandboxLookup.Find(context, registry, id);
        return found.Sandbox is { } sandbox ? E2bAnswers.Json(mapper.Detail(sandbox), E2bJson.Default.SandboxDetail) : found.Answer!;
    }

    private async Task<IResult> KillAsync(string id, HttpContext context, CancellationToken cancellationToken)
    {
        var found = SandboxLookup.Find(context, registry, id);
        if (found.Sandbox is not { } sandbox) return found.Answer!;
        return await registry.KillAsync(sandbox, cancellationToken).ConfigureAwait(false)
            ? Results.NoContent()
            : E2bAnswers.Ended(id);
    }

    private async Task<IResult> SetTimeoutAsync(string id, HttpContext context, CancellationToken cancellationToken)
    {
        var read = await RequestJson
            .ReadAsync(context.Request, E2bJson.Default.SandboxTimeoutRequest, MaxBodyBytes, cancellationToken).ConfigureAwait(false);
        if (read.Value is not { } request) return E2bAnswers.NoBody(read);
        var found = SandboxLookup.Find(context, registry, id);
        if (found.Sandbox is not { } sandbox) return found.Answer!;
        var now = time.GetUtcNow();
        if (!registry.SetEnd(sandbox, now + TimeSpan.FromSeconds(Math.Max(0, request.Timeout)))) return NotRunning(id, sandbox);
        sandbox.Journal.Add(now, $"Timeout set to {Math.Max(0, request.Timeout)} s");
        return Results.NoContent();
    }

    private async Task<IResult> RefreshAsync(string id, HttpContext context, CancellationToken cancellationToken)
    {
        var read = await RequestJson
            .ReadAsync(context.Request, E2bJson.Default.SandboxRefreshRequest, MaxBodyBytes, cancellationToken).ConfigureAwait(false);
        if (read.Problem is not null) return E2bAnswers.NoBody(read);
        var found = SandboxLookup.Find(context, registry, id);
        if (found.Sandbox is not { } sandbox) return found.Answer!;
        var duration = TimeSpan.FromSeconds(read.Value?.Duration ?? 0);
        var extended = registry.ExtendEnd(sandbox, time.GetUtcNow() + (duration > LeastRefresh ? duration : LeastRefresh));
        return extended ? Results.NoContent() : NotRunning(id, sandbox);
    }

    private static IResult NotRunning(string id, LiveSandbox sandbox) => sandbox.IsPaused
        ? E2bAnswers.Error(StatusCodes.Status404NotFound, $"Sandbox \"{id}\" is paused; connect to it with a new timeout")
        : E2bAnswers.Ended(id);
}
