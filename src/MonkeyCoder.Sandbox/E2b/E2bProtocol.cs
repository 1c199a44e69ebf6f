namespace MonkeyCoder.Sandbox.E2b;

/// <summary>Fixed names and numbers of the E2B contract.</summary>
internal static class E2bProtocol
{
    /// <summary>Version of envd that clients see; it unlocks every feature they gate by it.</summary>
    public const string EnvdVersion = "0.6.13";

    /// <summary>A legacy field that clients require and do not use.</summary>
    public const string ClientId = "6532622b";

    /// <summary>Port of the processes and files of a sandbox.</summary>
    public const int EnvdPort = 49983;

    /// <summary>Port of the code interpreter of a sandbox.</summary>
    public const int CodeInterpreterPort = 49999;

    public const string ApiKeyHeader = "X-API-KEY";
    public const string SandboxIdHeader = "E2b-Sandbox-Id";
    public const string SandboxPortHeader = "E2b-Sandbox-Port";
    public const string AccessTokenHeader = "X-Access-Token";
    public const string TrafficTokenHeader = "E2b-Traffic-Access-Token";
}
