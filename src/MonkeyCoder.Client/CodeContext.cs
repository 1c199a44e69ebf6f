namespace MonkeyCoder.Client;

/// <summary>A kernel of a sandbox: cells that run in it see each other's variables.</summary>
/// <param name="Id">Id of the context.</param>
/// <param name="Language">Its language, e.g. <c>python</c>.</param>
/// <param name="Cwd">Its working directory at the start.</param>
public sealed record CodeContext(string Id, string Language, string Cwd);
