using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MonkeyCoder.Security.Tests.Internet;

/// <summary>An authority, and the certificate that it gives to the sites of the fake internet.</summary>
internal static class SiteCertificates
{
    /// <summary>Writes authority.pem, site.pem and site.key.</summary>
    public static void Write(string directory)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=Authority of the fake internet", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authorityRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        using var authority = authorityRequest.CreateSelfSigned(now.AddDays(-1), now.AddDays(7));

        using var siteKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var siteRequest = new CertificateRequest("CN=example.com", siteKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("example.com");
        names.AddDnsName("*.pypi.org");
        siteRequest.CertificateExtensions.Add(names.Build());
        using var site = siteRequest.Create(authority, now.AddDays(-1), now.AddDays(6), RandomNumberGenerator.GetBytes(16));

        File.WriteAllText(Path.Combine(directory, "authority.pem"), authority.ExportCertificatePem() + "\n");
        File.WriteAllText(Path.Combine(directory, "site.pem"), site.ExportCertificatePem() + "\n");
        File.WriteAllText(Path.Combine(directory, "site.key"), siteKey.ExportPkcs8PrivateKeyPem() + "\n");
    }
}
