using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Reads the requests inside a TLS connection to a name that has header rules, to add the headers: TLS of the client ends
/// here, under a certificate of the sandbox's own authority, and another begins to the real host, whose certificate is
/// verified as any client would.
/// </summary>
internal static class TlsIntercept
{
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;
    private static readonly List<SslApplicationProtocol> Http1 = [SslApplicationProtocol.Http11];

    /// <summary>The authority under which a connection has to be read; null where it need not be, or cannot.</summary>
    public static EgressAuthority? AuthorityFor(EgressConnection connection, HostName name)
    {
        var policy = connection.Egress.Policy;
        return policy.HeadersFor(name).Count > 0 ? policy.Authority : null;
    }

    /// <summary>
    /// Until both sides have ended. 1. The host is spoken to first: where it cannot be trusted the client
    /// gets nothing. 2. The client. 3. Requests are judged and written anew, as without TLS.
    /// </summary>
    public static async Task RunAsync(
        EgressConnection connection, PeekStream server, EgressTarget target, EgressAuthority authority, CancellationToken cancellationToken)
    {
        var gateway = connection.Egress.Gateway;
        var far = new SslStream(new PeekedStream(server));
        await using (far.ConfigureAwait(false))
        {
            var near = new SslStream(new PeekedStream(connection.Client));
            await using (near.ConfigureAwait(false))
            {
                using (var deadline = new CancellationTokenSource(gateway.Options.ConnectTimeout, gateway.Time))
                using (var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken))
                {
                    if (!await ShakeHandsAsync(connection, far, near, target, authority, either.Token).ConfigureAwait(false)) return;
                }

                using var secureServer = new PeekStream(far, () => connection.Closing(CloseAsync(far, server)));
                var raw = connection.Client;
                connection.Secure(new PeekStream(near, () => connection.Closing(CloseAsync(near, raw))));
                await HttpExchange.RunAsync(connection, secureServer, target, single: false, cancellationToken).ConfigureAwait(false);
                await connection.Closed.ConfigureAwait(false);
            }
        }
    }

    private static async Task<bool> ShakeHandsAsync(
        EgressConnection connection, SslStream far, SslStream near, EgressTarget target, EgressAuthority authority, CancellationToken cancellationToken)
    {
        try
        {
            await far.AuthenticateAsClientAsync(ClientOptions(target.Name!, connection.Egress.Gateway.TrustedRoots), cancellationToken).ConfigureAwait(false);
        }
        catch (AuthenticationException)
        {
            connection.Egress.Refuse(target, EgressReasons.Untrusted);
            connection.Reset();
            return false;
        }

        try
        {
            await near.AuthenticateAsServerAsync(ServerOptions(target.Name!, authority), cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (AuthenticationException)
        {
            // The client does not trust the authority, or speaks no version or protocol of these.
            connection.Reset();
            return false;
        }
    }

    private static SslClientAuthenticationOptions ClientOptions(HostName name, X509Certificate2Collection? roots)
    {
        // Certificates name places to fetch others and revocations from; the node does not go there for a sandbox.
        var chain = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck };
        if (roots is not null)
        {
            chain.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.CustomTrustStore.AddRange(roots);
        }

        return new SslClientAuthenticationOptions
        {
            TargetHost = name.Value,
            EnabledSslProtocols = Versions,
            ApplicationProtocols = Http1,
            CertificateChainPolicy = chain,
            AllowTlsResume = false,
        };
    }

    private static SslServerAuthenticationOptions ServerOptions(HostName name, EgressAuthority authority) => new()
    {
        ServerCertificateContext = authority.CertificateFor(name),
        EnabledSslProtocols = Versions,
        ApplicationProtocols = Http1,
        AllowRenegotiation = false,
        AllowTlsResume = false,
    };

    /// <summary>Says that no more will come, in TLS and below it.</summary>
    private static async Task CloseAsync(SslStream stream, PeekStream under)
    {
        try
        {
            await stream.ShutdownAsync().ConfigureAwait(false);
            under.EndWrites();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException or System.Net.Sockets.SocketException)
        {
            // The connection is gone, which says the same.
        }
    }
}
