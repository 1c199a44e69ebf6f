using System.Text;
using MonkeyCoder.Contracts.Security;

namespace MonkeyCoder.Cli.Connection;

/// <summary>The node's state directory, for an operator on the same machine: token secret and keys.</summary>
internal sealed class StateDirectory(string path, TimeProvider time)
{
    private const string CliKeyName = "cli";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Directory of <c>MONKEY_STATE_DIR</c>, by default <c>/var/lib/monkeycoder</c>.</summary>
    public static StateDirectory Find(CliContext context) =>
        new(context.Environment("MONKEY_STATE_DIR") is { Length: > 0 } path ? path : "/var/lib/monkeycoder", context.Time);

    public string Path => path;

    /// <summary>API keys of the node.</summary>
    public ApiKeyStore Keys { get; } = new(path, time);

    /// <summary>Whether this user may change it.</summary>
    public bool IsUsable => Directory.Exists(path) && System.Environment.IsPrivilegedProcess;

    /// <summary>The token secret that <c>./run</c> keeps here; null where there is none.</summary>
    public string? ReadSecret() => ReadText("secret");

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
