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
    /// <param name="patience">For a client that says nothing, or not all of it.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellationToken">Ends the connection.</param>
    public static async Task<ClientIntent> ReadAsync(PeekStream client, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        while (true)
        {
            if (Judge(client.Ahead, out var intent)) return intent;
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
    private static bool Judge(ReadOnlySpan<byte> ahead, out ClientIntent intent)
    {
        intent = new ClientIntent(ClientSpeech.Other, null);
        if (ahead.IsEmpty) return false;
        if (ClientHello.StartsLike(ahead[0]))
        {
            var state = ClientHello.Read(ahead, out var name);
            intent = state == HelloState.Complete ? new ClientIntent(ClientSpeech.Tls, name) : new ClientIntent(ClientSpeech.Malformed, null);
            return state != HelloState.Incomplete;
        }

        if (!HttpRequestHead.StartsLike(ahead)) return true;
        intent = new ClientIntent(ClientSpeech.Http, null);
        return HttpRequestHead.FindEnd(ahead) >= 0;
    }
}
