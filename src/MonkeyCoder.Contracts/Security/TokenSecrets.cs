using System.Text;

namespace MonkeyCoder.Contracts.Security;

/// <summary>
/// The secrets of tokens as a file has them, one a line: the first signs and verifies; the second, which is there between
/// a rotation and its end, verifies only.
/// </summary>
public sealed class TokenSecrets
{
    // 32 random hex digits have fewer than 8 different ones about once in 10^7.
    private const int MinDistinctCharacters = 8;

    internal TokenSecrets(string current, string? previous)
    {
        Current = current;
        Previous = previous;
    }

    /// <summary>Signs and verifies.</summary>
    public string Current { get; }

    /// <summary>Verifies only; null where no rotation is under way.</summary>
    public string? Previous { get; }

    /// <summary>Those that verify.</summary>
    public IReadOnlyList<string> Verifying => Previous is null ? [Current] : [Current, Previous];

    /// <summary>Reads the content of a file; white space around a secret and empty lines do not count.</summary>
    /// <param name="content">All of it.</param>
    /// <param name="fault">What is wrong with the file, as the rest of a sentence that begins with it; shows nothing of a secret.</param>
    /// <returns>null where something is wrong.</returns>
    public static TokenSecrets? Parse(string content, out string? fault)
    {
        ArgumentNullException.ThrowIfNull(content);
        // Some editors put a byte order mark before a text; a reader may have taken it away or not.
        var secrets = content.TrimStart('\uFEFF').Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        fault = secrets.Length switch
        {
            0 => "has no secret in it",
            > 2 => "has more than two secrets: the first line signs, a second is the one before, and there is no third",
            _ => null,
        };
        for (var i = 0; i < secrets.Length && fault is null; i++)
            if (FaultOf(secrets[i]) is { } what) fault = $"has a {(i == 0 ? "first" : "second")} secret that {what}";
        return fault is null ? new TokenSecrets(secrets[0], secrets.ElementAtOrDefault(1)) : null;
    }

    /// <summary>Why a text is no secret, as the rest of a sentence that begins with it; null where it is one.</summary>
    public static string? FaultOf(string secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        // What is no UTF-8 has been read as replacements, all of them alike: little of the secret would be left.
        if (secret.Any(static letter => letter == '\uFFFD' || char.IsControl(letter))) return "is no text: make one with 'openssl rand -hex 32'";
        var length = Encoding.UTF8.GetByteCount(secret);
        if (length < SandboxTokens.MinSecretBytes)
            return $"has {length} bytes and needs at least {SandboxTokens.MinSecretBytes}: make one with 'openssl rand -hex 32'";
        return secret.Distinct().Count() < MinDistinctCharacters
            ? "repeats itself and can be guessed: make one with 'openssl rand -hex 32'"
            : null;
    }

    /// <summary>Nothing of the secrets.</summary>
    public override string ToString() => Previous is null ? "one secret" : "two secrets";
}
