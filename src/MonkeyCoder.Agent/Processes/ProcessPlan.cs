using MonkeyCoder.Agent.Files;
using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>Works out user, environment and directory of a process before it is started.</summary>
internal sealed class ProcessPlan(AgentSettings settings, UserDirectory users)
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private readonly string _path = Environment.GetEnvironmentVariable("PATH") is { Length: > 0 } path ? path : DefaultPath;

    /// <summary>What the node configured last.</summary>
    public ConfigureRequest Configured => settings.Current;

    /// <summary>Whether processes get ids and groups of their user, and not those of the agent.</summary>
    public bool SwitchesUsers => users.SwitchesUsers;

    /// <summary>The acting user.</summary>
    public UserAccount User(string? name) => users.Resolve(name);

    /// <summary>
    /// <c>KEY=value</c>: PATH of the agent, then HOME, USER and LOGNAME, then what the node configured, then
    /// <paramref name="own"/>; the last one wins.
    /// </summary>
    /// <exception cref="AgentFault">A name or value that no environment can hold.</exception>
    public IReadOnlyList<string> Variables(UserAccount user, IReadOnlyDictionary<string, string> own)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = _path,
            ["HOME"] = user.Home,
            ["USER"] = user.Name,
            ["LOGNAME"] = user.Name,
        };
        foreach (var (key, value) in settings.Current.Environment) variables[key] = value;
        foreach (var (key, value) in own) variables[key] = value;

        var list = new List<string>(variables.Count);
        foreach (var (key, value) in variables)
        {
            if (key.Length == 0 || key.Contains('=') || key.Contains('\0') || value.Contains('\0'))
                throw new AgentFault(AgentErrorCode.InvalidArgument, $"'{key}' is no name for an environment variable, or its value has a NUL");
            list.Add($"{key}={value}");
        }

        return list;
    }

    /// <summary>The directory to start in: the asked one, the configured default, or the user's home.</summary>
    /// <param name="asked">As the caller wrote it.</param>
    /// <param name="user">Whose home.</param>
    /// <param name="useDefault">Whether the configured default counts.</param>
    /// <exception cref="AgentFault">It does not exist.</exception>
    public string Directory(string? asked, UserAccount user, bool useDefault)
    {
        var path = PathRules.Resolve(asked ?? "", user, useDefault ? settings.Current.DefaultWorkingDirectory : null);
        var errno = Libc.TryStatus(path, followLink: true, out var status);
        if (errno is ErrnoName.ENOENT or ErrnoName.ENOTDIR)
            throw new AgentFault(AgentErrorCode.InvalidArgument, $"cwd '{path}' does not exist");
        if (errno != 0) throw AgentFault.Of(errno, $"cwd '{path}'");
        return status.Kind == FileKind.Directory
            ? path
            : throw new AgentFault(AgentErrorCode.InvalidArgument, $"cwd '{path}' is not a directory");
    }
}
