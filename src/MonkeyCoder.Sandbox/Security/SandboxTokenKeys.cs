using System.Security.Cryptography;
using System.Text;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>
/// Keys by HKDF (RFC 5869) from a root that is drawn at the service's start and is nowhere else. Not from the secret of
/// bearer tokens: a rotation must leave the access and traffic tokens of running sandboxes alone, and whoever knows a
/// retired secret must not be able to compute them. Sandboxes end with the service, and so may their root.
/// </summary>
internal sealed class SandboxTokenKeys : ISandboxTokenKeys
{
    private const int KeyBytes = 32;

    private readonly byte[] _root = RandomNumberGenerator.GetBytes(KeyBytes);

    public byte[] Derive(string purpose) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256, _root, KeyBytes, salt: null, info: Encoding.UTF8.GetBytes("monkeycoder|" + purpose));
}
