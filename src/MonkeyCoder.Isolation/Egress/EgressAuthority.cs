using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Signs certificates for the names of one sandbox's header rules, so that the gateway can read its requests to them. Only
/// that sandbox trusts it, its key lives in the memory of the node, and both end with the sandbox.
/// </summary>
public sealed class EgressAuthority
{
    // Longer than a sandbox lives, and as long as clients take certificates to be valid.
    private static readonly TimeSpan Life = TimeSpan.FromDays(397);

    // A client's clock may be behind.
    private static readonly TimeSpan Before = TimeSpan.FromDays(1);

    // Under a wildcard a sandbox can ask for as many names as it likes.
    private const int MaxKept = 256;

    private readonly byte[] _certificate;
    private readonly byte[] _key;
    private readonly DateTimeOffset _from;
    private readonly DateTimeOffset _until;
    private readonly ConcurrentDictionary<string, SslStreamCertificateContext> _leaves = new(StringComparer.Ordinal);

    private EgressAuthority(byte[] certificate, byte[] key, DateTimeOffset from, DateTimeOffset until) =>
        (_certificate, _key, _from, _until) = (certificate, key, from, until);

    /// <summary>What the sandbox has to trust.</summary>
    public string CertificatePem => PemEncoding.WriteString("CERTIFICATE", _certificate);

    /// <summary>Makes a key and its certificate.</summary>
    public static EgressAuthority Create(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Sandbox network rules", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var (from, until) = (now - Before, now + Life);
        using var certificate = request.CreateSelfSigned(from, until);
        return new EgressAuthority(certificate.RawData, key.ExportPkcs8PrivateKey(), from, until);
    }

    /// <summary>A certificate for a name, with its key.</summary>
    internal SslStreamCertificateContext CertificateFor(HostName name)
    {
        if (_leaves.TryGetValue(name.Value, out var kept)) return kept;
        if (_leaves.Count >= MaxKept) _leaves.Clear();
        return _leaves.GetOrAdd(name.Value, Issue);
    }

    /// <summary>Certificates that are kept for the next connection.</summary>
    internal int Kept => _leaves.Count;

    private SslStreamCertificateContext Issue(string name)
    {
        using var authority = X509CertificateLoader.LoadCertificate(_certificate);
        using var authorityKey = ECDsa.Create();
        authorityKey.ImportPkcs8PrivateKey(_key, out _);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // Longer names than the field takes stand in the extension only, where clients look.
        var request = new CertificateRequest(new X500DistinguishedName("CN=sandbox"), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7F;
        var signer = X509SignatureGenerator.CreateForECDsa(authorityKey);
        using var signed = request.Create(authority.SubjectName, signer, _from, _until, serial);
        return SslStreamCertificateContext.Create(signed.CopyWithPrivateKey(key), additionalCertificates: null, offline: true);
    }
}
