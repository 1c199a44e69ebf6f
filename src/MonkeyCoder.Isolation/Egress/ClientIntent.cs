using System.Text;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>What a client begins to speak.</summary>
internal enum ClientSpeech
{
    /// <summary>Neither of the others, or nothing in time.</summary>
    Other,
    /// <summary>A ClientHello.</summary>
    Tls,
    /// <summary>A head of HTTP/1.</summary>
    Http,
    /// <summary>Begins like one of them, and is none.</summary>
    Malformed,
}

/// <summary>The first words of a client, still unread.</summary>
/// <param name="Speech">What it speaks.</param>
/// <param name="ServerName">Of TLS; null where it has none.</param>
internal readonly record struct ClientIntent(ClientSpeech Speech, string? ServerName)
{
    /// <summary>Looks at the first bytes of a client. Throws where it is cancelled from outside, and where the client has left.</summary>
    /// <param name="client">Stays unread.</param>
    /// <param name="anyProtocol">Whether protocols other than TLS and HTTP may pass: then they are told apart by more than their first word.</param>
    /// <param name="patience">For a client that says nothing, or not all of it.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Ends the connection.</param>
    public static async Task<ClientIntent> ReadAsync(
        PeekStream client, bool anyProtocol, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        while (true)
        {
            if (Judge(client.Ahead, anyProtocol, out var intent)) return intent;
            if (client.IsFull) return new ClientIntent(ClientSpeech.Malformed, null);
            try
            {
                if (await client.LookAsync(either.Token).ConfigureAwait(false) == 0) return Unfinished(client.Ahead);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return Unfinished(client.Ahead);
            }
        }
    }

    private static ClientIntent Unfinished(ReadOnlySpan<byte> ahead) => new(ahead.IsEmpty ? ClientSpeech.Other : ClientSpeech.Malformed, null);

    /// <summary>False where more is needed.</summary>
    private static bool Judge(ReadOnlySpan<byte> ahead, bool anyProtocol, out ClientIntent intent)
    {
        intent = new ClientIntent(ClientSpeech.Other, null);
        if (ahead.IsEmpty) return false;
        if (ClientHello.StartsLike(ahead[0]))
        {
            var state = ClientHello.Read(ahead, out var name);
            intent = state == HelloState.Complete ? new ClientIntent(ClientSpeech.Tls, name) : new ClientIntent(ClientSpeech.Malformed, null);
            return state != HelloState.Incomplete;
        }

        var http = anyProtocol ? SpeaksHttp(ahead) : HttpRequestHead.StartsLike(ahead);
        if (http is not true) return http is false;
        intent = new ClientIntent(ClientSpeech.Http, null);
        return HttpRequestHead.FindEnd(ahead) >= 0;
    }

    /// <summary>
    /// Whether any server could take the first line for one of HTTP, however it is written; null where that cannot be told yet. Control characters end
    /// the question: servers refuse them, and binary protocols have them.
    /// </summary>
    private static bool? SpeaksHttp(ReadOnlySpan<byte> ahead)
    {
        // Servers overlook empty lines before a request.
        var text = ahead.TrimStart("\r\n"u8);
        var end = text.IndexOf((byte)'\n');
        var line = end < 0 ? text : text[..end];
        foreach (var letter in line)
            if (letter < ' ' && letter is not ((byte)'\t' or (byte)'\r')) return false;
        if (end < 0) return null;
        return Encoding.Latin1.GetString(line).Contains("HTTP/", StringComparison.OrdinalIgnoreCase);
    }
}
