namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>The user that code runs as inside a sandbox.</summary>
public static class SandboxUser
{
    /// <summary>uid and gid inside.</summary>
    public const int Id = 1001;

    /// <summary>Its home directory inside.</summary>
    public const string Home = "/home/user";
}
