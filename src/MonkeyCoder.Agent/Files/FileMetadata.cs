using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Files;

/// <summary>A file's own key-value pairs: extended attributes <c>user.e2b.*</c>.</summary>
internal static class FileMetadata
{
    private const string Prefix = "user.e2b.";
    private const int MaxKeyBytes = 246;
    private const int MaxTotalBytes = 4096;

    private static readonly Dictionary<string, string> None = [];

    /// <summary>All pairs; links are followed.</summary>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        var names = Libc.ListAttributes(path, Prefix);
        if (names.Count == 0) return None;
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (Libc.TryGetAttribute(path, name) is { } value) metadata[name[Prefix.Length..]] = value;
        }

        return metadata;
    }

    /// <exception cref="AgentFault">A key or value is not printable ASCII, or there is too much of it.</exception>
    public static void Validate(IReadOnlyDictionary<string, string> metadata)
    {
        var total = 0;
        foreach (var (key, value) in metadata)
        {
            if (key.Length is 0 or > MaxKeyBytes || !IsPrintable(key) || !IsPrintable(value))
            {
                throw new AgentFault(AgentErrorCode.InvalidArgument,
                    $"metadata keys have 1 to {MaxKeyBytes} characters; keys and values are printable ASCII");
            }

            total += key.Length + value.Length;
        }

        if (total > MaxTotalBytes)
            throw new AgentFault(AgentErrorCode.InvalidArgument, $"metadata has {total} bytes; at most {MaxTotalBytes} are allowed");
    }

    /// <summary>Makes these the file's pairs, all of them.</summary>
    /// <exception cref="AgentFault">The filesystem cannot keep them.</exception>
    public static void Replace(string path, FileDescriptor file, IReadOnlyDictionary<string, string> metadata)
    {
        foreach (var name in Libc.ListAttributes(path, Prefix))
        {
            if (!metadata.ContainsKey(name[Prefix.Length..])) _ = Libc.TryRemoveAttribute(file, name);
        }

        foreach (var (key, value) in metadata)
        {
            var errno = Libc.TrySetAttribute(file, Prefix + key, Encoding.ASCII.GetBytes(value));
            if (errno != 0) throw AgentFault.Of(errno, $"cannot keep metadata '{key}' on '{path}'");
        }
    }

    private static bool IsPrintable(string text)
    {
        foreach (var character in text)
        {
            if (character is < ' ' or > '~') return false;
        }

        return true;
    }
}
