using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>Starts a program with the ids of a user.</summary>
/// <remarks>
/// <para>Where the agent is root, the calling thread takes the user's ids, starts the program and goes back. The saved
/// id stays 0 meanwhile, which is the way back; the exec sets the child's saved ids to its effective ones, so the child
/// has none.</para>
/// <para>The caller serialises calls.</para>
/// </remarks>
internal sealed class ProcessStarter(UserDirectory users)
{
    private const int UserOutOfMemoryScore = 500;

    /// <returns>The pid.</returns>
    /// <exception cref="AgentFault">The program is not there, or the sandbox is full.</exception>
    public int Start(SpawnRequest request, UserAccount user)
    {
        var switches = users.SwitchesUsers && (user.UserId != 0 || user.GroupId != 0 || user.Groups is not [0]);
        if (!switches) return Spawn(request);
        try
        {
            try
            {
                Libc.SetThreadIds(user.UserId, user.GroupId, savedId: 0, user.Groups);
            }
            catch (SyscallException e)
            {
                throw new AgentFault(AgentErrorCode.PermissionDenied, $"cannot act as user '{user.Name}': {e.Message}");
            }

            return Spawn(request);
        }
        finally
        {
            BecomeRootAgain();
        }
    }

    /// <summary>Lets the kernel pick this process before the agent when memory runs out.</summary>
    public static void PreferForMemoryKill(int pid)
    {
        using var file = Libc.TryOpen($"/proc/{pid}/oom_score_adj", OpenHow.Write, 0, out _);
        if (file is null) return;
        Span<byte> text = stackalloc byte[8];
        if (System.Buffers.Text.Utf8Formatter.TryFormat(UserOutOfMemoryScore, text, out var count))
            _ = Libc.TryWrite(file, text[..count]);
    }

    private static int Spawn(SpawnRequest request)
    {
        if (request.Path.Contains('/'))
        {
            var errno = Libc.TrySpawn(request, out var pid);
            return errno == 0 ? pid : throw Fault(request.Path, errno);
        }

        var failure = ErrnoName.ENOENT;
        foreach (var directory in SearchPath(request.Environment).Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            var candidate = $"{directory}/{request.Path}";
            if (!Libc.IsExecutable(candidate)) continue;
            failure = Libc.TrySpawn(request with { Path = candidate }, out var pid);
            if (failure == 0) return pid;
            // EACCES: a directory of that name; execvp(3) goes on there too.
            if (failure is not (ErrnoName.ENOENT or ErrnoName.ENOTDIR or ErrnoName.EACCES)) break;
        }

        throw Fault(request.Path, failure);
    }

    private static string SearchPath(IReadOnlyList<string> environment)
    {
        var path = "";
        foreach (var variable in environment)
        {
            if (variable.StartsWith("PATH=", StringComparison.Ordinal)) path = variable[5..];
        }

        return path;
    }

    private static AgentFault Fault(string program, int errno) => errno switch
    {
        ErrnoName.EAGAIN or ErrnoName.ENOMEM => new AgentFault(AgentErrorCode.ResourceExhausted,
            $"cannot start '{program}': the sandbox has no room for another process"),
        ErrnoName.EACCES => AgentFault.Of(errno, $"cannot start '{program}'"),
        _ => new AgentFault(AgentErrorCode.InvalidArgument, $"cannot start '{program}': {ErrnoName.Describe(errno)}"),
    };

    private static void BecomeRootAgain()
    {
        try
        {
            Libc.RestoreThreadRoot();
        }
        catch (SyscallException e)
        {
            // A thread that stays half a user would do later requests with the wrong ids.
            Environment.FailFast($"the agent cannot become root again: {e.Message}");
        }
    }
}
