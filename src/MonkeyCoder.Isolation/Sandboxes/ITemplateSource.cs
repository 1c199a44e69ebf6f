namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>The templates of a node, as the engine needs them.</summary>
public interface ITemplateSource
{
    /// <summary>Names that can be asked for.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>The template as it is now; null where there is none of the name.</summary>
    TemplateLayers? Find(string name);
}

/// <summary>A template as directories.</summary>
/// <param name="Version">Hash of its recipe.</param>
/// <param name="Layers">Read-only layers, the topmost first: the runtime layer with the agent, then the root file system.</param>
public sealed record TemplateLayers(string Version, IReadOnlyList<string> Layers)
{
    /// <value>Its files with a set-user-id or set-group-id bit, by their paths inside.</value>
    public IReadOnlyList<string> SetIdFiles { get; init; } = [];
}
