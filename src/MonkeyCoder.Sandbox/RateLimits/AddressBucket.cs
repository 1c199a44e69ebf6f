using System.Net;
using System.Net.Sockets;

namespace MonkeyCoder.Sandbox.RateLimits;

/// <summary>
/// Stands for an address in tables of a fixed size, so that no number of addresses can fill the memory. Two addresses
/// rarely share one, and nobody can choose with whom: the hash is seeded anew at every start.
/// </summary>
internal static class AddressBucket
{
    /// <summary>How many there are.</summary>
    public const int Count = 1 << 16;

    private const int NetworkBytes = 8;

    /// <summary>0 to <see cref="Count"/> - 1. Addresses of one IPv6 /64, which one customer has whole, share theirs.</summary>
    public static int Of(IPAddress? address)
    {
        Span<byte> bytes = stackalloc byte[16];
        var length = 0;
        if (address is { IsIPv4MappedToIPv6: true }) address = address.MapToIPv4();
        address?.TryWriteBytes(bytes, out length);
        if (address is { AddressFamily: AddressFamily.InterNetworkV6 }) length = NetworkBytes;
        var hash = new HashCode();
        hash.AddBytes(bytes[..length]);
        return hash.ToHashCode() & (Count - 1);
    }
}
