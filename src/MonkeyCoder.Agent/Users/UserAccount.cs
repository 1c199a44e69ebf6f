namespace MonkeyCoder.Agent.Users;

/// <summary>A line of passwd(5), with the groups of group(5).</summary>
/// <param name="Name">Login name.</param>
/// <param name="UserId">uid.</param>
/// <param name="GroupId">Primary gid.</param>
/// <param name="Home">Home directory, absolute.</param>
/// <param name="Groups">All gids, the primary one first.</param>
internal sealed record UserAccount(string Name, uint UserId, uint GroupId, string Home, uint[] Groups);
