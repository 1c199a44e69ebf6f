using System.Security.Cryptography;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>Id of a sandbox: <c>i</c> and 20 characters of <c>[a-z0-9]</c>, random (about 103 bits), never reused.</summary>
public readonly record struct SandboxId
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    private const int RandomLength = 20;

    private SandboxId(string value) => Value = value;

    /// <summary>The text, safe as a file, cgroup and host name.</summary>
    public string Value { get; }

    /// <summary>A new random id.</summary>
    public static SandboxId New() => new("i" + RandomNumberGenerator.GetString(Alphabet, RandomLength));

    /// <summary>Accepts exactly the form that <see cref="New"/> makes.</summary>
    public static bool TryParse(string? text, out SandboxId id)
    {
        id = default;
        if (text is not { Length: RandomLength + 1 } || text[0] != 'i') return false;
        foreach (var c in text)
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9'))) return false;
        id = new SandboxId(text);
        return true;
    }

    public override string ToString() => Value;
}
