using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Makes the programs of a sandbox trust the authority of its header rules: its certificate goes to where Debian keeps
/// trusted ones, and variables name it to runtimes that bring a list of their own.
/// </summary>
public static class SandboxTrust
{
    /// <summary>The certificate alone.</summary>
    public const string CertificatePath = "/usr/local/share/ca-certificates/sandbox-network-rules.crt";
    /// <summary>The list of trusted certificates, which gets it too.</summary>
    public const string BundlePath = "/etc/ssl/certs/ca-certificates.crt";

    private const string Owner = "root";
    private static readonly Dictionary<string, string> None = [];

    /// <summary>Variables of every process.</summary>
    public static IReadOnlyDictionary<string, string> Variables { get; } = new Dictionary<string, string>
    {
        ["SSL_CERT_FILE"] = BundlePath,
        ["REQUESTS_CA_BUNDLE"] = BundlePath,
        ["CURL_CA_BUNDLE"] = BundlePath,
        ["NODE_EXTRA_CA_CERTS"] = CertificatePath,
    };

    /// <summary>Installs the certificate.</summary>
    /// <exception cref="AgentException">The sandbox cannot be written to.</exception>
    /// <exception cref="IOException">The list of certificates cannot be added to.</exception>
    public static async Task InstallAsync(ISandboxAgent agent, EgressAuthority authority, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(agent);
        ArgumentNullException.ThrowIfNull(authority);
        using var content = new MemoryStream(Encoding.ASCII.GetBytes(authority.CertificatePem + "\n"));
        await agent.WriteFileAsync(new FileWriteRequest(new PathRequest(CertificatePath, Owner), None), content, cancellationToken).ConfigureAwait(false);
        // Inside, so that a list of any size never passes through the node.
        string[] append = ["-c", "cat \"$0\" >> \"$1\"", CertificatePath, BundlePath];
        var request = new ProcessStartRequest("/bin/sh", append, None, "/", Owner, Tag: null, Stdin: false, Pty: null);
        var process = await agent.StartProcessAsync(request, cancellationToken).ConfigureAwait(false);
        await using (process.ConfigureAwait(false))
        {
            await foreach (var output in process.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                if (output is ProcessExit { ExitCode: not 0 })
                    throw new IOException($"{BundlePath} in the sandbox cannot be added to.");
            }
        }
    }
}
