using System.Text;
using MonkeyCoder.Sandbox.E2b.Connect;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>Checks text that goes to the agent, and on to the kernel as a C string.</summary>
internal static class AgentText
{
    /// <summary>Bytes of text that one request to the agent may carry; its frames hold 4 MiB.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    /// <summary>PATH_MAX and a home directory in front.</summary>
    private const int MaxPathBytes = 4096;

    /// <summary>Refuses null, NUL and half surrogates; answers the length in bytes.</summary>
    public static int Check(string field, string? text)
    {
        if (text is null) throw ConnectErrors.InvalidArgument($"'{field}' holds null");
        if (text.Contains('\0', StringComparison.Ordinal)) throw ConnectErrors.InvalidArgument($"'{field}' holds a NUL character");
        return Encoding.UTF8.GetByteCount(text);
    }

    /// <summary>Refuses what no path can be; proto-JSON leaves out an empty one.</summary>
    public static string Path(string field, string? path)
    {
        path ??= "";
        return Check(field, path) <= MaxPathBytes ? path : throw ConnectErrors.InvalidArgument($"'{field}' is longer than {MaxPathBytes} bytes");
    }
}
