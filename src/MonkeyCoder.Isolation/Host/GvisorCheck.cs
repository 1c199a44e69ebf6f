using System.Globalization;
using System.Text.RegularExpressions;

namespace MonkeyCoder.Isolation.Host;

/// <summary>What the gVisor tier needs besides what every container does.</summary>
internal static partial class GvisorCheck
{
    private const string Name = "gVisor (runsc)";
    private const string Advice = "Install runsc: apt-get install runsc, or a current release of gVisor.";

    // Releases are named by their day. From then on ls(1) and stat(1) of Debian 12 work on it.
    private static readonly DateOnly Current = new(2024, 1, 1);

    /// <summary>The fact of the runtime.</summary>
    public static HostFact Run(string path)
    {
        if (!File.Exists(path)) return new HostFact(Name, HostVerdict.Fail, $"no {path}", Advice);
        return HostCheck.ReadVersion(path) is { } text ? Check(text) : new HostFact(Name, HostVerdict.Fail, $"{path} does not work", Advice);
    }

    /// <summary>Reads what <c>runsc --version</c> says.</summary>
    internal static HostFact Check(string text)
    {
        var line = text.Split('\n')[0].Trim();
        var day = Day().Match(line);
        var current = day.Success
            && DateOnly.TryParseExact(day.Value, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var built) && built >= Current;
        return HostFact.Wished(
            Name, current, line,
            "Use a release of gVisor that is some weeks old at most: this one lacks fixes, and ls and stat fail in its sandboxes.");
    }

    [GeneratedRegex("20[0-9]{6}")]
    private static partial Regex Day();
}
