namespace MonkeyCoder.Isolation.Templates;

/// <summary>Where recipes come from, and where what is built from them goes.</summary>
public sealed record TemplateSettings
{
    /// <value>Directory for what can be built again. Default <c>/var/cache/monkeycoder</c>.</value>
    public string CacheDirectory { get; init; } = "/var/cache/monkeycoder";

    /// <value>
    /// Directory with one directory for each recipe. Default: the nearest <c>templates</c> directory with a recipe in it,
    /// looked for beside the program and upwards from there.
    /// </value>
    public string? TemplatesDirectory { get; init; }

    /// <value>
    /// The agent's binary. Default: <c>agent/monkey-agent</c> beside the program, or the repository's published one
    /// (<c>artifacts/publish/MonkeyCoder.Agent/release/monkey-agent</c>), looked for upwards from the program.
    /// </value>
    public string? AgentPath { get; init; }
}
