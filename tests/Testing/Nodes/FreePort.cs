using System.Net;
using System.Net.Sockets;

namespace MonkeyCoder.Testing.Nodes;

/// <summary>Ports for services under test.</summary>
public static class FreePort
{
    /// <summary>A port that nothing listened on a moment ago.</summary>
    public static int Find()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
