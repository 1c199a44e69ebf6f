using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Asks DNS servers, over UDP and where an answer does not fit over TCP. Not the system's own functions: those hold a thread
/// for each question, know names that only mean something on this machine, and do not say how long an answer holds.
/// </summary>
/// <param name="servers">Those to ask, in their order; looked at for each question.</param>
/// <param name="time">Clock.</param>
public sealed class DnsResolver(Func<IReadOnlyList<IPEndPoint>> servers, TimeProvider time) : INameResolver
{
    private const int DnsPort = 53;
    private const int MaxAnswerBytes = 4096;
    private const int Rounds = 2;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Asks the servers that this machine is configured with (resolv.conf(5)).</summary>
    public static DnsResolver OfThisMachine(TimeProvider time) => new(() => ReadServers("/etc/resolv.conf"), time);

    public async Task<ResolvedName> ResolveAsync(HostName name, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        var answers = await Task.WhenAll(
            AskAsync(name, DnsType.A, cancellationToken), AskAsync(name, DnsType.Aaaa, cancellationToken)).ConfigureAwait(false);
        return new ResolvedName(
            [.. answers.SelectMany(static answer => answer.Addresses)], answers.Min(static answer => answer.TimeToLive));
    }

    internal static IReadOnlyList<IPEndPoint> ReadServers(string path)
    {
        try
        {
            return [.. File.ReadLines(path)
                .Select(static line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                .Where(static words => words.Length >= 2 && words[0] == "nameserver")
                .Select(static words => IPAddress.TryParse(words[1], out var address) ? new IPEndPoint(address, DnsPort) : null)
                .OfType<IPEndPoint>()
                .Take(3)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NameResolutionException($"The DNS servers of this machine are not known: {e.Message}", e);
        }
    }

    private async Task<DnsAnswer> AskAsync(HostName name, DnsType type, CancellationToken cancellationToken)
    {
        Exception? last = null;
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var server in servers())
            {
                try
                {
                    var answer = await AskAsync(server, name, type, cancellationToken).ConfigureAwait(false);
                    if (answer.Status is DnsStatus.Ok or DnsStatus.NoSuchName) return answer;
                    last = new NameResolutionException($"The DNS server {server} answered '{name}' with {answer.Status}.");
                }
                catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is SocketException or IOException or OperationCanceledException)
                {
                    last = e;
                }
            }
        }

        throw new NameResolutionException($"'{name}' could not be looked up.", last);
    }

    private async Task<DnsAnswer> AskAsync(IPEndPoint server, HostName name, DnsType type, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(AnswerTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var id = (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1);
        var query = DnsMessage.WriteQuery(id, name.Value, type);
        var answer = await AskDatagramAsync(server, query, id, name, type, either.Token).ConfigureAwait(false);
        return answer.IsTruncated ? await AskStreamAsync(server, query, id, name, type, either.Token).ConfigureAwait(false) : answer;
    }

    private static async Task<DnsAnswer> AskDatagramAsync(
        IPEndPoint server, byte[] query, ushort id, HostName name, DnsType type, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // From a port that the kernel chooses, and only the server's datagrams are received.
        await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
        await socket.SendAsync(query, cancellationToken).ConfigureAwait(false);
        var buffer = new byte[MaxAnswerBytes];
        while (true)
        {
            var count = await socket.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
            // Something else is a late answer, or a guess of somebody's: the right one may still come.
            if (DnsMessage.ReadAnswer(buffer.AsSpan(0, count), id, name.Value, type) is { } answer) return answer;
        }
    }

    private static async Task<DnsAnswer> AskStreamAsync(
        IPEndPoint server, byte[] query, ushort id, HostName name, DnsType type, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
        using var stream = new NetworkStream(socket, ownsSocket: false);
        var framed = new byte[2 + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken).ConfigureAwait(false);
        await stream.ReadExactlyAsync(framed.AsMemory(0, 2), cancellationToken).ConfigureAwait(false);
        var buffer = new byte[BinaryPrimitives.ReadUInt16BigEndian(framed)];
        await stream.ReadExactlyAsync(buffer, cancellationToken).ConfigureAwait(false);
        return DnsMessage.ReadAnswer(buffer, id, name.Value, type)
            ?? throw new IOException($"The DNS server {server} answered something else than '{name}'.");
    }
}
