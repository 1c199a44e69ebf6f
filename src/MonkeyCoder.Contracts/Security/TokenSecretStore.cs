using System.Security.Cryptography;
using System.Text;

namespace MonkeyCoder.Contracts.Security;

/// <summary>
/// The file with the secrets of tokens, mode 0600. Changes are made by one process at a time and appear at once and whole;
/// a service that reads the file notices them by itself.
/// </summary>
/// <param name="path">The file; where it is a link, what it leads to is changed.</param>
/// <param name="timeProvider">Clock of waiting for another process's change.</param>
public sealed class TokenSecretStore(string path, TimeProvider timeProvider)
{
    /// <summary>Name of the file in the state directory, where <c>./run</c> makes it.</summary>
    public const string FileName = "secret";

    /// <summary>Far above two secrets.</summary>
    public const int MaxFileBytes = 8192;

    private const int SecretBytes = 32;

    /// <summary>Where the secrets are.</summary>
    public string FilePath { get; } = path;

    /// <summary>The secrets.</summary>
    /// <exception cref="InvalidDataException">The file has other content.</exception>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public TokenSecrets Read()
    {
        using var stream = File.OpenRead(FilePath);
        if (stream.Length > MaxFileBytes) throw new InvalidDataException($"The token secret file {FilePath} is larger than such a file can be.");
        using var reader = new StreamReader(stream);
        return TokenSecrets.Parse(reader.ReadToEnd(), out var fault)
            ?? throw new InvalidDataException($"The token secret file {FilePath} {fault}.");
    }

    /// <summary>Makes a secret that signs from now on; the one that signed until now still verifies, and none before it.</summary>
    /// <param name="force">Even where the last rotation was not ended, so that the tokens of a secret before end without a word.</param>
    /// <param name="cancellationToken">Gives up waiting for another process's change.</param>
    /// <returns>false where the last rotation was not ended and is not to be forced; nothing is changed.</returns>
    public Task<bool> RotateAsync(bool force, CancellationToken cancellationToken) => ChangeAsync(
        secrets => secrets.Previous is null || force
            ? new TokenSecrets(RandomNumberGenerator.GetHexString(SecretBytes * 2, lowercase: true), secrets.Current)
            : null,
        cancellationToken);

    /// <summary>Ends a rotation: the secret before the one that signs no longer verifies.</summary>
    /// <param name="cancellationToken">Gives up waiting for another process's change.</param>
    /// <returns>false where there is none.</returns>
    public Task<bool> RetireAsync(CancellationToken cancellationToken) => ChangeAsync(
        static secrets => secrets.Previous is null ? null : new TokenSecrets(secrets.Current, previous: null),
        cancellationToken);

    private async Task<bool> ChangeAsync(Func<TokenSecrets, TokenSecrets?> change, CancellationToken cancellationToken)
    {
        // Before the lock, which would leave its file beside one that does not exist.
        if (!File.Exists(FilePath)) throw new FileNotFoundException($"There is no token secret file {FilePath}.", FilePath);
        var file = new PrivateFile(File.ResolveLinkTarget(FilePath, returnFinalTarget: true)?.FullName ?? FilePath, timeProvider);
        using (await file.LockAsync(cancellationToken).ConfigureAwait(false))
        {
            if (change(Read()) is not { } changed) return false;
            file.Replace(stream => stream.Write(Encoding.UTF8.GetBytes(string.Join('\n', changed.Verifying) + "\n")));
            return true;
        }
    }
}
