namespace MonkeyCoder.Isolation.Templates;

/// <summary>A template could not be built; the message is one sentence that says why, and where the log is if there is one.</summary>
public sealed class TemplateBuildException(string message, Exception? inner = null) : Exception(message, inner);
