using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Users;

/// <summary>Who may act. An agent that is root acts as anyone in passwd; any other only as itself, under all its names.</summary>
internal sealed class UserDirectory(AgentOptions options, AgentSettings settings)
{
    private readonly uint _ownUserId = Libc.EffectiveUserId;

    /// <summary>The agent is root of its user namespace, so processes and files get the acting user's ids.</summary>
    public bool SwitchesUsers => _ownUserId == 0;

    /// <summary>The account of a user name; null: the default user.</summary>
    /// <exception cref="AgentFault">Unknown, or not to be had in this sandbox.</exception>
    public UserAccount Resolve(string? name)
    {
        name ??= settings.Current.DefaultUser;
        var account = AccountFile.Find(options.EtcDirectory, name)
            ?? throw new AgentFault(AgentErrorCode.Unauthenticated, $"invalid username: '{name}'");
        if (!SwitchesUsers && account.UserId != _ownUserId)
        {
            throw new AgentFault(AgentErrorCode.PermissionDenied,
                $"user '{name}' cannot act in this sandbox: its profile allows uid {_ownUserId} only");
        }

        return account;
    }

    /// <summary>Names of users and groups by number, as passwd and group say now.</summary>
    public (Dictionary<uint, string> Users, Dictionary<uint, string> Groups) Names() =>
        (AccountFile.Names(options.EtcDirectory, "passwd"), AccountFile.Names(options.EtcDirectory, "group"));
}
