using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Templates;

/// <summary>
/// The templates that were built when the node started, each with its runtime layer over it. A recipe or an agent that changes
/// later counts from the next start on.
/// </summary>
public sealed class NodeTemplates : ITemplateSource
{
    private readonly Dictionary<string, TemplateLayers> _layers;

    private NodeTemplates(Dictionary<string, TemplateLayers> layers) => _layers = layers;

    public IReadOnlyList<string> Names => [.. _layers.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Finds what is built, and makes the runtime layers.</summary>
    /// <param name="settings">Where everything is.</param>
    /// <param name="cancellationToken">Ends the wait for another process.</param>
    /// <exception cref="HostNotReadyException">Nothing is built, or the agent is missing; says what to run.</exception>
    public static async Task<NodeTemplates> LoadAsync(TemplateSettings settings, CancellationToken cancellationToken)
    {
        var layers = new Dictionary<string, TemplateLayers>(StringComparer.Ordinal);
        try
        {
            var catalog = TemplateCatalog.Open(settings);
            foreach (var name in catalog.Names)
            {
                if (catalog.TryGetBuilt(name) is not { } template) continue;
                var runtime = await RuntimeLayer.PrepareAsync(settings, name, cancellationToken);
                layers.Add(name, new TemplateLayers($"{template.Version}-{runtime.Version}", [runtime.RootPath, template.RootPath])
                {
                    SetIdFiles = SetIdFiles.Of(template),
                });
            }
        }
        catch (TemplateBuildException e)
        {
            throw new HostNotReadyException(e.Message, e);
        }

        return layers.Count > 0
            ? new NodeTemplates(layers)
            : throw new HostNotReadyException("No template is built on this node: run 'monkey templates build base'.");
    }

    public TemplateLayers? Find(string name) => _layers.GetValueOrDefault(name);
}
