using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Security;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>Keys by HKDF (RFC 5869) from the secret that signs now.</summary>
internal sealed class SandboxTokenKeys(IOptions<SecurityOptions> options) : ISandboxTokenKeys
{
    private const int KeyBytes = 32;

    private readonly byte[] _root = SandboxTokens.KeyOf(options.Value.TokenSecret?.Reveal());

    public byte[] Derive(string purpose) => HKDF.DeriveKey(
        HashAlgorithmName.SHA256, _root, KeyBytes, salt: null, info: Encoding.UTF8.GetBytes("monkeycoder|" + purpose));
}
