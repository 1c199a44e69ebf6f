namespace MonkeyCoder.Sandbox.Security;

/// <summary>Keys of the tokens of single sandboxes, one per purpose, so that none of them gives away another.</summary>
internal interface ISandboxTokenKeys
{
    /// <summary>32 bytes, the same for one purpose as long as the service runs (HKDF-SHA256).</summary>
    /// <param name="purpose">Stable name, e.g. <c>e2b.envd-access-token</c>.</param>
    byte[] Derive(string purpose);
}
