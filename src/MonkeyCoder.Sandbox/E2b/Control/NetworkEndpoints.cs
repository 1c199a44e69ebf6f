using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.Egress;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>Changes what a running sandbox may connect to.</summary>
internal sealed class NetworkEndpoints(ISandboxRegistry registry, SandboxNetworks networks, TimeProvider time)
{
    private const int MaxBodyBytes = 1024 * 1024;

    public static void Map(RouteGroupBuilder group) =>
        group.MapPut("/sandboxes/{id}/network", static (string id, HttpContext context, NetworkEndpoints endpoints, CancellationToken cancellationToken) =>
            endpoints.ReplaceAsync(id, context, cancellationToken)).WithName("E2bSetSandboxNetwork");

    private async Task<IResult> ReplaceAsync(string id, HttpContext context, CancellationToken cancellationToken)
    {
        var read = await RequestJson
            .ReadAsync(context.Request, E2bJson.Default.SandboxNetworkUpdate, MaxBodyBytes, cancellationToken).ConfigureAwait(false);
        if (read.Problem is not null) return E2bAnswers.Error(read.Status, read.Problem);
        if (read.Value is not { } asked) return E2bAnswers.Error(StatusCodes.Status400BadRequest, "the request needs a JSON body");
        var found = SandboxLookup.Find(context, registry, id);
        if (found.Sandbox is not { } sandbox) return found.Answer!;
        if (sandbox.IsPaused) return E2bAnswers.Error(StatusCodes.Status409Conflict, $"Sandbox {id} is paused; connect to it first");
        var plan = NetworkPlan.Make(asked, networks.Node, networks.Tier);
        if (plan.Refusal is { } refusal) return refusal;
        try
        {
            if (!await networks.ReplaceAsync(sandbox, plan.Policy!, plan.Settings!, cancellationToken).ConfigureAwait(false))
                return E2bAnswers.Error(StatusCodes.Status409Conflict, "A later request has replaced the rules of the sandbox meanwhile; its rules hold.");
        }
        catch (SandboxTrustException e)
        {
            return E2bAnswers.Error(StatusCodes.Status409Conflict, $"{e.Message} The rules are as they were.");
        }

        sandbox.Journal.Add(time.GetUtcNow(), "Network rules replaced");
        return Results.NoContent();
    }
}
