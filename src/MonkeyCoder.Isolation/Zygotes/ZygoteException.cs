namespace MonkeyCoder.Isolation.Zygotes;

/// <summary>A kernel could not be forked; it can still be started.</summary>
internal sealed class ZygoteException(string message, Exception? inner = null) : Exception(message, inner);
