namespace MonkeyCoder.Contracts.Security;

/// <summary>Which names may stand in tokens, keys and requests: short, printable, safe in logs and paths.</summary>
public static class TokenNames
{
    /// <summary>What <see cref="IsExecutionId"/> accepts, for messages.</summary>
    public const string ExecutionIdRule = "An execution id is 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', ':' and '-'.";

    /// <summary>What <see cref="IsTenant"/> accepts, for messages.</summary>
    public const string TenantRule = "A tenant is 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-'.";

    private const int MaxExecutionId = 128;
    private const int MaxTenant = 64;

    /// <summary>Whether the text can be an execution id.</summary>
    public static bool IsExecutionId(string? text) => IsName(text, MaxExecutionId, colon: true);

    /// <summary>Whether the text can be a tenant.</summary>
    public static bool IsTenant(string? text) => IsName(text, MaxTenant, colon: false);

    private static bool IsName(string? text, int max, bool colon)
    {
        if (string.IsNullOrEmpty(text) || text.Length > max) return false;
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-') && !(colon && c == ':')) return false;
        return true;
    }
}
