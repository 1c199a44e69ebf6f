using System.Net;
using System.Net.Sockets;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// A URL in its canonical form: requests are made from this, never from the text that was checked, so that nobody reads it
/// another way. Its fragment is gone.
/// </summary>
/// <param name="Scheme">Lower case.</param>
/// <param name="Name">Null where the host is an address.</param>
/// <param name="Address">Null where the host is a name.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="PathAndQuery">Begins with a slash.</param>
public sealed record CheckedUrl(string Scheme, HostName? Name, IPAddress? Address, int Port, string PathAndQuery)
{
    /// <summary>Redirects that led here.</summary>
    public int Redirects { get; init; }

    /// <summary>As in the Host header, without the port.</summary>
    public string Host => Name?.Value
        ?? (Address!.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Address}]" : Address.ToString());

    /// <summary>Whether it is https or wss.</summary>
    public bool IsSecure => UrlForm.IsSecure(Scheme);

    /// <summary>Scheme, host and port.</summary>
    public string Origin => Port == UrlForm.DefaultPort(Scheme) ? $"{Scheme}://{Host}" : $"{Scheme}://{Host}:{Port}";

    public override string ToString() => Origin + PathAndQuery;
}
