namespace MonkeyCoder.Sandbox.Security;

/// <summary>Keys derived from the node's secret, one per purpose, so that none of them gives away another.</summary>
internal interface ISandboxTokenKeys
{
    /// <summary>32 bytes, always the same for one purpose and one secret (HKDF-SHA256).</summary>
    /// <param name="purpose">Stable name, e.g. <c>e2b.envd-access-token</c>.</param>
    byte[] Derive(string purpose);
}
