namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>A sandbox could not be started; the message is for operators, not for callers.</summary>
public sealed class SandboxLaunchException(string message, Exception? inner = null) : IOException(message, inner);
