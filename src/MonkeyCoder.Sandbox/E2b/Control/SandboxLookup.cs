using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>The sandbox that a path names, or the answer where there is none.</summary>
internal readonly record struct SandboxLookup(LiveSandbox? Sandbox, IResult? Answer)
{
    /// <summary>Takes <c>id</c> and the legacy <c>id-clientID</c>.</summary>
    public static SandboxLookup Find(HttpContext context, ISandboxRegistry registry, string text)
    {
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var id = dash < 0 ? text : text[..dash];
        if (id.Length == 0 || !id.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9')))
            return new(null, E2bAnswers.Error(StatusCodes.Status400BadRequest, "Invalid sandbox ID"));
        if (registry.Find(Caller.Of(context).Tenant, id) is not { } sandbox)
        {
            return new(null, E2bAnswers.Error(
                StatusCodes.Status404NotFound, $"Sandbox \"{id}\" doesn't exist or you don't have access to it"));
        }

        sandbox.Activity.Touch();
        return new(sandbox, null);
    }
}
