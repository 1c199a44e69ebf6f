using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Files;

/// <summary>Makes directories and gives what is made to the acting user.</summary>
internal sealed class DirectoryMaker(UserDirectory users)
{
    private const uint DirectoryMode = 0x1ED; // 0755

    /// <summary>Makes all directories above a path that are missing, mode 0755.</summary>
    /// <exception cref="AgentFault">One of them cannot be made, or is no directory.</exception>
    public void MakeParents(string path, UserAccount user)
    {
        if (PathRules.Parent(path) is { } parent) MakeAll(parent, user);
    }

    /// <summary>Makes a directory and all above it; what is there already is fine.</summary>
    /// <exception cref="AgentFault">One of them cannot be made, or is no directory.</exception>
    public void MakeAll(string path, UserAccount user)
    {
        var missing = new Stack<string>();
        for (var at = path; at is not null; at = PathRules.Parent(at))
        {
            var errno = Libc.TryStatus(at, followLink: true, out var status);
            if (errno == 0 && status.Kind == FileKind.Directory) break;
            if (errno == 0) throw new AgentFault(AgentErrorCode.InvalidArgument, $"path '{at}' exists and is not a directory");
            if (errno is not (ErrnoName.ENOENT or ErrnoName.ENOTDIR)) throw AgentFault.Of(errno, $"cannot look at '{at}'");
            missing.Push(at);
        }

        foreach (var directory in missing)
        {
            var errno = Libc.TryMakeDirectory(directory, DirectoryMode);
            if (errno == ErrnoName.EEXIST) continue;
            if (errno != 0) throw AgentFault.Of(errno, $"cannot make directory '{directory}'");
            GiveTo(user, directory);
        }
    }

    /// <summary>Makes the user the owner of an open file.</summary>
    /// <exception cref="AgentFault">The kernel refused.</exception>
    public void GiveTo(UserAccount user, FileDescriptor file, string path)
    {
        if (users.SwitchesUsers && Libc.TryChangeOwner(file, user.UserId, user.GroupId) is not 0 and var errno)
            throw AgentFault.Of(errno, $"cannot give '{path}' to user '{user.Name}'");
    }

    private void GiveTo(UserAccount user, string path)
    {
        if (users.SwitchesUsers && Libc.TryChangeOwner(path, user.UserId, user.GroupId) is not 0 and var errno)
            throw AgentFault.Of(errno, $"cannot give '{path}' to user '{user.Name}'");
    }
}
