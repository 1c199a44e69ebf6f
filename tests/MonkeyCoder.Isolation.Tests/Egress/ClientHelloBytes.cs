using System.Text;

namespace MonkeyCoder.Isolation.Tests.Egress;

/// <summary>The start of a TLS connection.</summary>
internal static class ClientHelloBytes
{
    /// <summary>With as many server name extensions as names.</summary>
    public static byte[] Make(params string[] names)
    {
        byte[] extensions = [.. names.SelectMany(Extension), 0, 43, 0, 3, 2, 3, 4];
        byte[] body = [3, 3, .. new byte[32], 0, 0, 2, 0x13, 1, 1, 0, .. Sized(extensions)];
        byte[] message = [1, 0, .. Sized(body)];
        return [22, 3, 1, .. Sized(message)];
    }

    private static byte[] Extension(string name)
    {
        byte[] entry = [0, .. Sized(Encoding.ASCII.GetBytes(name))];
        return [0, 0, .. Sized(Sized(entry))];
    }

    private static byte[] Sized(byte[] bytes) => [(byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
}
