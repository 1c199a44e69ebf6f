using System.Text;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>What one look at the token secret file found.</summary>
/// <param name="Status">The file as it was opened, before it was read; all zero where it was not opened.</param>
/// <param name="Secrets">null where something is wrong.</param>
/// <param name="Fault">What is wrong, as the rest of a sentence that begins with the file; shows nothing of a secret.</param>
internal sealed record SecretFileReading(FileStatus Status, TokenSecrets? Secrets, string? Fault);

/// <summary>Reads the token secret file, and believes only one that nobody but root and the service's user can read or change.</summary>
internal static class SecretFileReader
{
    private const int OpenToOthers = 0b000_111_111;

    public static SecretFileReading Read(string path)
    {
        using var file = Libc.TryOpen(path, OpenHow.Read, 0, out var errno);
        if (file is null)
            return new SecretFileReading(default, null, errno == ErrnoName.ENOENT ? "does not exist" : $"cannot be opened: {ErrnoName.Describe(errno)}");
        // Of what was opened: the path may lead elsewhere by now.
        var status = Libc.Status(file);
        if (FaultOf(status) is { } fault) return new SecretFileReading(status, null, fault);
        var content = new byte[TokenSecretStore.MaxFileBytes];
        var length = 0;
        while (length < content.Length)
        {
            var count = Libc.TryRead(file, content.AsSpan(length));
            if (count < 0) return new SecretFileReading(status, null, $"cannot be read: {ErrnoName.Describe(-count)}");
            if (count == 0) break;
            length += count;
        }

        var secrets = TokenSecrets.Parse(Encoding.UTF8.GetString(content, 0, length), out fault);
        return new SecretFileReading(status, secrets, fault);
    }

    private static string? FaultOf(FileStatus status)
    {
        if (status.Kind != FileKind.Regular) return "is no regular file";
        if (status.UserId != 0 && status.UserId != Libc.EffectiveUserId)
            return $"belongs to uid {status.UserId}, and must belong to root or to the service's own user";
        if ((status.Mode & OpenToOthers) != 0) return "is open to others than its owner: take that away with 'chmod 600'";
        return status.SizeBytes > TokenSecretStore.MaxFileBytes ? "is larger than such a file can be" : null;
    }
}
