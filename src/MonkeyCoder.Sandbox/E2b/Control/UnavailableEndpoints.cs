using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>Parts of the contract that this node does not have answer 501, so that nobody takes silence for success.</summary>
internal static class UnavailableEndpoints
{
    public static void Map(RouteGroupBuilder group)
    {
        group.MapPost("/sandboxes/{id}/snapshots", Snapshot).WithName("E2bSnapshotSandbox");
        group.MapPost("/sandboxes/{id}/fork", Fork).WithName("E2bForkSandbox");
    }

    private static IResult Snapshot(string id, HttpContext context, ISandboxRegistry registry) =>
        SandboxLookup.Find(context, registry, id).Answer ?? E2bAnswers.NotHere("taking a snapshot");

    private static IResult Fork(string id, HttpContext context, ISandboxRegistry registry) =>
        SandboxLookup.Find(context, registry, id).Answer ?? E2bAnswers.NotHere("forking a sandbox");
}
