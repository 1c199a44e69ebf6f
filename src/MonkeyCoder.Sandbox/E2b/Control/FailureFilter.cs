using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Egress;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>Turns failures that the E2B contract has an answer for into that answer; others go on to the fault handler.</summary>
internal sealed class FailureFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context).ConfigureAwait(false);
        }
        catch (UnknownTemplateException e)
        {
            return E2bAnswers.Error(StatusCodes.Status404NotFound, $"template '{e.Template}' not found");
        }
        catch (SandboxTrustException e)
        {
            return E2bAnswers.Error(StatusCodes.Status503ServiceUnavailable, $"{e.Message} Try again.");
        }
        catch (AgentUnreachableException)
        {
            return E2bAnswers.Error(StatusCodes.Status503ServiceUnavailable, "the sandbox did not answer; try again");
        }
    }
}
