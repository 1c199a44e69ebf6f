using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// The resolver that a sandbox sees. It looks up what the policy allows and answers with addresses that have been checked;
/// everything else does not exist, and no question about it leaves the node.
/// </summary>
internal sealed class DnsService(SandboxEgress egress)
{
    private const int MaxAtOnce = 16;

    // Refusing costs the node as much as asking costs the sandbox. Between two refusals more wait in the socket, and what does
    // not fit there the kernel drops at the expense of whoever sends it.
    private static readonly TimeSpan RefusalPause = TimeSpan.FromMilliseconds(20);

    private readonly TokenBucket _queries =
        new(egress.Gateway.Options.DnsQueriesPerSecond, 2 * egress.Gateway.Options.DnsQueriesPerSecond, egress.Gateway.Time);
    private int _atOnce;

    /// <summary>Answers datagrams until it is cancelled.</summary>
    public async Task RunDatagramsAsync(Socket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[DnsMessage.MaxDatagramBytes];
        var anybody = new IPEndPoint(IPAddress.Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            SocketReceiveFromResult received;
            try
            {
                received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, anybody, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException) when (!cancellationToken.IsCancellationRequested)
            {
                // Also that an earlier answer reached nobody.
                continue;
            }

            var query = buffer[..received.ReceivedBytes];
            var question = DnsMessage.ReadQuery(query);
            if (!_queries.TryTake(1))
            {
                if (question is not null) await SendAsync(socket, TooMany(query, question), received.RemoteEndPoint, cancellationToken).ConfigureAwait(false);
                await Task.Delay(RefusalPause, egress.Gateway.Time, cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (question is null) continue;
            if (AnswerAtOnce(query, question) is { } answer)
            {
                await SendAsync(socket, answer, received.RemoteEndPoint, cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (Interlocked.Increment(ref _atOnce) > MaxAtOnce)
            {
                Interlocked.Decrement(ref _atOnce);
                await SendAsync(socket, TooMany(query, question), received.RemoteEndPoint, cancellationToken).ConfigureAwait(false);
                continue;
            }

            egress.Track(async () =>
            {
                try
                {
                    var found = await LookUpAsync(query, question, cancellationToken).ConfigureAwait(false);
                    await SendAsync(socket, found, received.RemoteEndPoint, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    Interlocked.Decrement(ref _atOnce);
                }
            });
        }
    }

    /// <summary>Answers the questions of one TCP connection, one after the other.</summary>
    public async Task RunStreamAsync(EgressConnection connection, CancellationToken cancellationToken)
    {
        var client = connection.Client;
        while (true)
        {
            using var deadline = new CancellationTokenSource(egress.Gateway.Options.HeadTimeout, egress.Gateway.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            while (!IsWhole(client.Ahead))
                if (client.IsFull || await client.LookAsync(either.Token).ConfigureAwait(false) == 0) return;
            var length = BinaryPrimitives.ReadUInt16BigEndian(client.Ahead);
            var query = client.Ahead.Slice(2, length).ToArray();
            client.Skip(2 + length);
            if (DnsMessage.ReadQuery(query) is not { } question) return;
            var tooMany = !_queries.TryTake(1);
            var answer = tooMany ? TooMany(query, question)
                : AnswerAtOnce(query, question) ?? await LookUpAsync(query, question, cancellationToken).ConfigureAwait(false);
            var framed = new byte[2 + answer.Length];
            BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)answer.Length);
            answer.CopyTo(framed, 2);
            connection.Touch();
            await egress.PassAsync(query.Length + answer.Length, outwards: false).ConfigureAwait(false);
            await client.WriteAsync(framed, cancellationToken).ConfigureAwait(false);
            // The next one begins with a connection, of which there are only so many a second.
            if (tooMany) return;
        }

        static bool IsWhole(ReadOnlySpan<byte> bytes) => bytes.Length >= 2 && bytes.Length >= 2 + BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }

    /// <summary>The answer where nothing has to be looked up for it.</summary>
    private byte[]? AnswerAtOnce(byte[] query, DnsQuestion question)
    {
        if ((question.Flags & 0x7800) != 0 || question.Class != 1) return Empty(query, question, DnsStatus.NotImplemented);
        if (!HostName.TryParse(question.Name, out var name)) return Refuse(EgressReasons.BadHost);
        if (!egress.Policy.MayResolve(name)) return Refuse(EgressReasons.NotAllowed);
        // There is no IPv6 in a sandbox, and no other records are anybody's business.
        return question.Type == DnsType.A ? null : Empty(query, question, DnsStatus.Ok);

        byte[] Refuse(string refused)
        {
            egress.Refuse(question.Name, refused);
            return Empty(query, question, DnsStatus.NoSuchName);
        }
    }

    private byte[] TooMany(byte[] query, DnsQuestion question)
    {
        egress.Refuse(question.Name, EgressReasons.Limit);
        return Empty(query, question, DnsStatus.Refused);
    }

    private async Task<byte[]> LookUpAsync(byte[] query, DnsQuestion question, CancellationToken cancellationToken)
    {
        _ = HostName.TryParse(question.Name, out var name);
        using var deadline = new CancellationTokenSource(egress.Gateway.Options.ConnectTimeout, egress.Gateway.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var (addresses, timeToLive, reason) = await egress.Names.ResolveCheckedAsync(name!, port: null, either.Token).ConfigureAwait(false);
            if (reason is not null)
            {
                egress.Refuse(question.Name, reason);
                return Empty(query, question, DnsStatus.NoSuchName);
            }

            IPAddress[] known = [.. addresses.Where(static address => address.AddressFamily == AddressFamily.InterNetwork)];
            return DnsMessage.WriteAnswer(query, question, DnsStatus.Ok, known, timeToLive);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is NameResolutionException or OperationCanceledException)
        {
            return Empty(query, question, DnsStatus.ServerFailure);
        }
    }

    private async Task SendAsync(Socket socket, byte[] answer, EndPoint to, CancellationToken cancellationToken)
    {
        await egress.PassAsync(answer.Length, outwards: false).ConfigureAwait(false);
        try
        {
            await socket.SendToAsync(answer, SocketFlags.None, to, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // Whoever asked is gone.
        }
    }

    private static byte[] Empty(byte[] query, DnsQuestion question, DnsStatus status) =>
        DnsMessage.WriteAnswer(query, question, status, [], TimeSpan.Zero);
}
