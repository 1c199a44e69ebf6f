using System.Text;
using MonkeyCoder.Contracts.Security;

namespace MonkeyCoder.Cli.Connection;

/// <summary>The node's state directory, for an operator on the same machine: token secret and keys.</summary>
/// <param name="path">E.g. <c>/var/lib/monkeycoder</c>.</param>
/// <param name="secretFile">Where the token secret is, if not in it.</param>
/// <param name="time">Clock.</param>
internal sealed class StateDirectory(string path, string? secretFile, TimeProvider time)
{
    /// <summary>Names the directory.</summary>
    public const string Variable = "MONKEY_STATE_DIR";

    private const string CliKeyName = "cli";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Directory of <c>MONKEY_STATE_DIR</c>, by default <c>/var/lib/monkeycoder</c>.</summary>
    public static StateDirectory Find(CliContext context) => new(
        context.Environment(Variable) is { Length: > 0 } path ? path : "/var/lib/monkeycoder",
        context.Environment(SandboxTokens.SecretFileVariable) is { Length: > 0 } file ? file : null,
        context.Time);

    public string Path => path;

    /// <summary>API keys of the node.</summary>
    public ApiKeyStore Keys { get; } = new(path, time);

    /// <summary>Whether this user may change it.</summary>
    public bool IsUsable => Directory.Exists(path) && System.Environment.IsPrivilegedProcess;

    /// <summary>The token secrets: in the file of <c>SANDBOX_TOKEN_SECRET_FILE</c>, else where <c>./run</c> keeps them, here.</summary>
    public TokenSecretStore Secrets { get; } = new(secretFile ?? System.IO.Path.Combine(path, TokenSecretStore.FileName), time);

    /// <summary>The token secret that signs; null where this user cannot read one.</summary>
    /// <exception cref="InvalidDataException">The file has other content.</exception>
    public string? ReadSecret()
    {
        try
        {
            return Secrets.Read().Current;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The command line's own key; made where there is none that holds.</summary>
    public async Task<string> GetCliKeyAsync(CancellationToken cancellationToken)
    {
        if (ReadText("cli.key") is { } kept && Holds(kept)) return kept;
        var created = await Keys.CreateAsync(CliKeyName, SandboxTokens.DefaultTenant, cancellationToken);
        WriteText("cli.key", created.Key);
        return created.Key;
    }

    private bool Holds(string key)
    {
        var hash = ApiKeyStore.HashOf(key);
        return Keys.List().Any(record => record.RevokedAt is null && record.Sha256 == hash);
    }

    private string? ReadText(string name)
    {
        try
        {
            return File.ReadAllText(System.IO.Path.Combine(path, name)).Trim() is { Length: > 0 } text ? text : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private void WriteText(string name, string text)
    {
        var target = System.IO.Path.Combine(path, name);
        var temporary = $"{target}.{System.Environment.ProcessId}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
        using (var stream = new FileStream(temporary, options))
            stream.Write(Encoding.UTF8.GetBytes(text + "\n"));
        File.Move(temporary, target, overwrite: true);
    }
}
