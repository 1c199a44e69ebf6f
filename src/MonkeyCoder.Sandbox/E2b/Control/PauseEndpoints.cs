using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>Pauses sandboxes, and connects to them, which resumes them.</summary>
internal sealed class PauseEndpoints(
    ISandboxRegistry registry, ISandboxEngine engine, SandboxRecordMapper mapper, IOptions<SandboxesOptions> options)
{
    /// <summary>What a tier lacks that cannot stop processes so that they stay so.</summary>
    public const string NoPausing = "pausing a sandbox (its tier has no freezer that holds)";

    /// <summary>What no tier has.</summary>
    public const string NoFilesOnly = "pausing a sandbox without its memory";

    private const int MaxBodyBytes = 64 * 1024;

    public static void Map(RouteGroupBuilder group)
    {
        group.MapPost("/sandboxes/{id}/pause", static (string id, HttpContext context, PauseEndpoints endpoints, CancellationToken cancellationToken) =>
            endpoints.PauseAsync(id, context, cancellationToken)).WithName("E2bPauseSandbox");
        group.MapPost("/v2/sandboxes/{id}/connect", static (string id, HttpContext context, PauseEndpoints endpoints, CancellationToken cancellationToken) =>
            endpoints.ConnectAsync(id, context, v2: true, cancellationToken)).WithName("E2bConnectSandbox");
        group.MapPost("/sandboxes/{id}/connect", static (string id, HttpContext context, PauseEndpoints endpoints, CancellationToken cancellationToken) =>
            endpoints.ConnectAsync(id, context, v2: false, cancellationToken)).WithName("E2bConnectSandboxV1");
        group.MapPost("/sandboxes/{id}/resume", static (string id, HttpContext context, PauseEndpoints endpoints, CancellationToken cancellationToken) =>
            endpoints.ResumeAsync(id, context, cancellationToken)).WithName("E2bResumeSandbox");
    }

    private async Task<IResult> PauseAsync(string id, HttpContext context, CancellationToken cancellationToken)
    {
        var read = await RequestJson
            .ReadAsync(context.Request, E2bJson.Default.SandboxPauseRequest, MaxBodyBytes, cancellationToken).ConfigureAwait(false);
        if (read.Problem is not null) return E2bAnswers.NoBody(read);
        var found = SandboxLookup.Find(context, registry, id);
        if (found.Sandbox is not { } sandbox) return found.Answer!;
        if (!engine.Tier.CanPause) return E2bAnswers.NotHere(NoPausing);
        if (read.Value?.Memory is false) return E2bAnswers.NotHere(NoFilesOnly);
        return await registry.PauseAsync(sandbox, cancellationToken).ConfigureAwait(false) switch
        {
            PauseOutcome.Paused => Results.NoContent(),
            PauseOutcome.WasPaused => E2bAnswers.Error(StatusCodes.Status409Conflict, $"Sandbox {id} is already paused"),
            PauseOutcome.TooMany => E2bAnswers.Error(
                StatusCodes.Status429TooManyRequests,
                $"You have {options.Value.MaxPausedPerTenant} paused sandboxes, which is the limit; kill or resume one."),
            PauseOutcome.Busy => E2bAnswers.Error(
                StatusCodes.Status503ServiceUnavailable, $"Sandbox {id} could not be stopped just now, and runs on; try again"),
            _ => E2bAnswers.Ended(id),
        };
    }

    private async Task<IResult> ConnectAsync(string id, HttpContext context, bool v2, CancellationToken cancellationToken)
    {
        var read = await ReadAsync(context, cancellationToken).ConfigureAwait(false);
        if (read.Problem is not null) return E2bAnswers.NoBody(read);
        if (!v2 && read.Value?.Timeout is null) return E2bAnswers.Error(StatusCodes.Status400BadRequest, "the request body lacks 'timeout'");
        var life = Seconds(read.Value?.Timeout) ?? options.Value.DefaultTimeout;
        if (CreatePlan.CheckTimeout(life, options.Value) is { } problem) return E2bAnswers.Error(StatusCodes.Status400BadRequest, problem);
        var found = SandboxLookup.Find(context, registry, id);
        if (found.Sandbox is not { } sandbox) return found.Answer!;
        if (sandbox.IsPaused && read.Value?.Memory is false) return E2bAnswers.NotHere(NoFilesOnly);
        return await AnswerAsync(id, sandbox, life, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The deprecated form, which does nothing to a running sandbox.</summary>
    private async Task<IResult> ResumeAsync(string id, HttpContext context, CancellationToken cancellationToken)
    {
        var read = await ReadAsync(context, cancellationToken).ConfigureAwait(false);
        if (read.Problem is not null) return E2bAnswers.NoBody(read);
        var life = Seconds(read.Value?.Timeout) ?? options.Value.DefaultTimeoutV1;
        if (CreatePlan.CheckTimeout(life, options.Value) is { } problem) return E2bAnswers.Error(StatusCodes.Status400BadRequest, problem);
        var found = SandboxLookup.Find(context, registry, id);
        if (found.Sandbox is not { } sandbox) return found.Answer!;
        if (!sandbox.IsPaused) return E2bAnswers.Error(StatusCodes.Status409Conflict, $"Sandbox {id} is already running");
        if (read.Value?.Memory is false) return E2bAnswers.NotHere(NoFilesOnly);
        if (read.Value?.AutoPause is { } autoPause) sandbox.PausesAtEnd = autoPause;
        return await AnswerAsync(id, sandbox, life, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IResult> AnswerAsync(string id, LiveSandbox sandbox, TimeSpan life, CancellationToken cancellationToken) =>
        await registry.ResumeAsync(sandbox, life, cancellationToken).ConfigureAwait(false) switch
        {
            ResumeOutcome.Resumed => E2bAnswers.Json(mapper.Created(sandbox), E2bJson.Default.SandboxCreated, StatusCodes.Status201Created),
            ResumeOutcome.WasRunning => E2bAnswers.Json(mapper.Created(sandbox), E2bJson.Default.SandboxCreated),
            _ => E2bAnswers.Ended(id),
        };

    private static ValueTask<JsonRead<SandboxConnectRequest>> ReadAsync(HttpContext context, CancellationToken cancellationToken) =>
        RequestJson.ReadAsync(context.Request, E2bJson.Default.SandboxConnectRequest, MaxBodyBytes, cancellationToken);

    private static TimeSpan? Seconds(int? seconds) => seconds is { } some ? TimeSpan.FromSeconds(some) : null;
}
