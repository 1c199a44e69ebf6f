using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>The templates of this node; they are built by its operator.</summary>
internal sealed class TemplateEndpoints(TemplateNames templates, SandboxLimits limits)
{
    private const long Mebibyte = 1024 * 1024;

    public static void Map(RouteGroupBuilder group)
    {
        group.MapGet("/templates", static (TemplateEndpoints endpoints) => endpoints.List()).WithName("E2bListTemplates");
        group.MapGet("/templates/aliases/{alias}", static (string alias, TemplateEndpoints endpoints) => endpoints.Alias(alias))
            .WithName("E2bTemplateAlias");
    }

    private IResult List() =>
        E2bAnswers.Json([.. templates.All().Select(item => Describe(item.Template, item.Aliases))], E2bJson.Default.IReadOnlyListTemplateListed);

    private IResult Alias(string alias)
    {
        var lookup = templates.Find(Uri.UnescapeDataString(alias));
        return lookup.Template is { } template
            ? E2bAnswers.Json(new TemplateAliasAnswer(template, Public: true), E2bJson.Default.TemplateAliasAnswer)
            : E2bAnswers.Error(StatusCodes.Status404NotFound, lookup.Problem!);
    }

    private TemplateListed Describe(string template, IReadOnlyList<string> aliases)
    {
        return new TemplateListed(
            template, template, "ready", SandboxMeter.CpuCount(limits), (int)(limits.MemoryBytes / Mebibyte),
            (int)(limits.DiskBytes / Mebibyte), Public: true, aliases, aliases, DateTimeOffset.UnixEpoch,
            DateTimeOffset.UnixEpoch, LastSpawnedAt: null, SpawnCount: 0, BuildCount: 1, E2bProtocol.EnvdVersion);
    }
}
