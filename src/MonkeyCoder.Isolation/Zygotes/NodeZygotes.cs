using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Zygotes;

/// <summary>The zygotes of a node: one for each template that has a Python driver, from its first use on.</summary>
/// <param name="node">Shared parts.</param>
/// <param name="logger">For zygotes.</param>
internal sealed class NodeZygotes(EngineNode node, ILogger logger) : IAsyncDisposable
{
    private const string Driver = "opt/monkeycoder/kernels/python/argv";

    private readonly ConcurrentDictionary<string, Lazy<TemplateZygotes?>> _templates = new(StringComparer.Ordinal);

    /// <summary>What there is now.</summary>
    public ZygoteStatus Status
    {
        get
        {
            var all = Made().ToArray();
            return new ZygoteStatus(
                all.Count(static zygotes => zygotes.Current is not null), all.Sum(static zygotes => zygotes.Forks), all.Sum(static zygotes => zygotes.Replaced));
        }
    }

    /// <summary>Those of a template; null where it has no driver that forks.</summary>
    public TemplateZygotes? Of(TemplateLayers template) => _templates.GetOrAdd(template.Version, _ => new Lazy<TemplateZygotes?>(
        () => template.Layers.Any(static layer => File.Exists(Path.Combine(layer, Driver))) ? new TemplateZygotes(template, node, logger) : null)).Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var zygotes in Made()) await zygotes.DisposeAsync().ConfigureAwait(false);
    }

    private IEnumerable<TemplateZygotes> Made() => _templates.Values.Where(static made => made.IsValueCreated).Select(static made => made.Value).OfType<TemplateZygotes>();
}
