using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Oci;

/// <summary>
/// The system-call filter, read from <c>seccomp.profile</c> beside this file and written as the <c>linux.seccomp</c>
/// object of the OCI runtime specification.
/// </summary>
internal static class SeccompProfile
{
    /// <summary>What <c>only</c> can name besides profiles: the tier in which sandboxes share the host's namespaces.</summary>
    public const string Unprivileged = "unprivileged";

    /// <summary>What <c>only</c> can name besides: that tier where its sandboxes have a network, for which a gatekeeper answers.</summary>
    public const string Guarded = "guarded";

    /// <summary>What <c>only</c> can name besides: the gatekeeper itself.</summary>
    public const string Gatekeeper = "gatekeeper";

    private const string Resource = "seccomp.profile";

    /// <summary>The filter of a profile as UTF-8 JSON.</summary>
    public static byte[] Render(SandboxProfile profile) => Render(Parse(ReadSource(), profile.ToString()));

    /// <summary>The filter of a profile as the kernel takes it.</summary>
    public static byte[] Compile(SandboxProfile profile) => SeccompProgram.Compile(Parse(ReadSource(), profile.ToString()), SyscallNumbers.Read());

    /// <summary>The filter of the unprivileged tier, as the kernel takes it.</summary>
    /// <param name="unixSockets">Whether unix sockets can be made: only where something else keeps them inside.</param>
    /// <param name="network">Whether a gatekeeper answers for TCP sockets.</param>
    public static byte[] CompileUnprivileged(bool unixSockets, bool network)
    {
        var rules = Parse(ReadSource(), Unprivileged, network ? Guarded : Unprivileged);
        if (!unixSockets) rules = [.. rules.Where(static rule => rule.Asks || rule.Conditions.Count == 0 || !rule.Names.Contains("socket"))];
        return SeccompProgram.Compile(rules, SyscallNumbers.Read());
    }

    /// <summary>The filter of the gatekeeper of that tier.</summary>
    public static byte[] CompileGatekeeper() => SeccompProgram.Compile(Parse(ReadSource(), Unprivileged, Gatekeeper), SyscallNumbers.Read());

    /// <summary>
    /// Parses the source. A line is <c>allow NAME…</c>, <c>errno NUMBER NAME…</c>, <c>allow-if NAME CONDITIONS</c> or
    /// <c>errno-if NUMBER NAME CONDITIONS</c>, <c>ask NAME…</c> or <c>ask-if NAME CONDITIONS</c> (the gatekeeper answers); conditions are joined by <c>and</c>, each <c>argI == VALUE</c> or
    /// <c>argI &amp; MASK == VALUE</c>. Those of <c>errno-if</c> need a mask: the kernel reads 32 bits of most arguments, so that any
    /// value of the others would get past a refusal of all 64. Lines that begin with a space go on with the one before; <c>#</c> starts a comment.
    /// <c>only NAME</c> before a line restricts it to a profile or tier, and such a line without conditions replaces what has been
    /// said of its names.
    /// </summary>
    /// <param name="source">The text.</param>
    /// <param name="chosen">Names of the profile, or of the tier.</param>
    /// <exception cref="FormatException">With the line in question.</exception>
    internal static IReadOnlyList<SeccompRule> Parse(string source, params IReadOnlyList<string> chosen)
    {
        var rules = new List<SeccompRule>();
        foreach (var line in Logical(source))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var onlyFor = words[0] == "only" && words.Length > 2;
            if (onlyFor && words[1] is not (Unprivileged or Guarded or Gatekeeper) && !Enum.TryParse<SandboxProfile>(words[1], ignoreCase: true, out _)) throw Bad(line);
            if (onlyFor && !chosen.Contains(words[1], StringComparer.OrdinalIgnoreCase)) continue;

            var rule = ParseRule(onlyFor ? words[2..] : words, line);
            if (onlyFor && rule.Conditions.Count == 0)
            {
                for (var i = 0; i < rules.Count; i++)
                    rules[i] = rules[i] with { Names = [.. rules[i].Names.Except(rule.Names, StringComparer.Ordinal)] };
                rules.RemoveAll(other => other.Names.Count == 0);
            }

            rules.Add(rule);
        }

        return rules;
    }

    private static string ReadSource()
    {
        using var stream = typeof(SeccompProfile).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException("The assembly lacks its seccomp.profile.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static IEnumerable<string> Logical(string source)
    {
        var current = "";
        foreach (var raw in source.Split('\n'))
        {
            var comment = raw.IndexOf('#', StringComparison.Ordinal);
            var line = (comment < 0 ? raw : raw[..comment]).TrimEnd();
            if (line.Length == 0) continue;
            if (line[0] == ' ')
            {
                current += line;
                continue;
            }

            if (current.Length > 0) yield return current;
            current = line;
        }

        if (current.Length > 0) yield return current;
    }

    private static SeccompRule ParseRule(string[] words, string line) => words switch
    {
        ["allow", _, ..] => new SeccompRule(null, words[1..], []),
        ["errno", var number, _, ..] when int.TryParse(number, CultureInfo.InvariantCulture, out var errno) =>
            new SeccompRule(errno, words[2..], []),
        ["errno-if", var number, var name, .. var conditions] when int.TryParse(number, CultureInfo.InvariantCulture, out var errno) =>
            new SeccompRule(errno, [name], Masked(ParseConditions(conditions, line), line)),
        ["allow-if", var name, .. var conditions] => new SeccompRule(null, [name], ParseConditions(conditions, line)),
        ["ask", _, ..] => new SeccompRule(null, words[1..], []) { Asks = true },
        ["ask-if", var name, .. var conditions] => new SeccompRule(null, [name], ParseConditions(conditions, line)) { Asks = true },
        _ => throw Bad(line),
    };

    private static SeccompCondition[] ParseConditions(string[] words, string line)
    {
        var conditions = new List<SeccompCondition>();
        for (var start = 0; start < words.Length;)
        {
            var end = Array.IndexOf(words, "and", start);
            if (end < 0) end = words.Length;
            conditions.Add(words[start..end] switch
            {
                [var argument, "==", var value] => new SeccompCondition(Argument(argument, line), null, Number(value, line)),
                [var argument, "&", var mask, "==", var value] =>
                    new SeccompCondition(Argument(argument, line), Number(mask, line), Number(value, line)),
                _ => throw Bad(line),
            });
            start = end + 1;
        }

        return conditions.Count > 0 ? [.. conditions] : throw Bad(line);
    }

    private static SeccompCondition[] Masked(SeccompCondition[] conditions, string line) =>
        Array.TrueForAll(conditions, static condition => condition.Mask is not null) ? conditions : throw Bad(line);

    private static int Argument(string word, string line) =>
        word.Length == 4 && word.StartsWith("arg", StringComparison.Ordinal) && word[3] is >= '0' and <= '5'
            ? word[3] - '0'
            : throw Bad(line);

    private static ulong Number(string word, string line)
    {
        var hex = word.StartsWith("0x", StringComparison.Ordinal);
        var style = hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None;
        return ulong.TryParse(hex ? word.AsSpan(2) : word, style, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Bad(line);
    }

    private static FormatException Bad(string line) => new($"seccomp.profile: cannot read '{line}'.");

    private static byte[] Render(IReadOnlyList<SeccompRule> rules)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("defaultAction", "SCMP_ACT_ERRNO");
            json.WriteNumber("defaultErrnoRet", ErrnoName.ENOSYS);
            json.WriteStartArray("architectures");
            json.WriteStringValue(RuntimeInformation.ProcessArchitecture switch
            {
                Architecture.Arm64 => "SCMP_ARCH_AARCH64",
                _ => "SCMP_ARCH_X86_64",
            });
            json.WriteEndArray();
            json.WriteStartArray("syscalls");
            foreach (var rule in rules) Write(json, rule);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static void Write(Utf8JsonWriter json, SeccompRule rule)
    {
        json.WriteStartObject();
        json.WriteStartArray("names");
        foreach (var name in rule.Names) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteString("action", rule.Errno is null ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO");
        if (rule.Errno is { } errno) json.WriteNumber("errnoRet", errno);
        if (rule.Conditions.Count > 0)
        {
            json.WriteStartArray("args");
            foreach (var condition in rule.Conditions)
            {
                json.WriteStartObject();
                json.WriteNumber("index", condition.Argument);
                json.WriteNumber("value", condition.Mask ?? condition.Value);
                if (condition.Mask is not null) json.WriteNumber("valueTwo", condition.Value);
                json.WriteString("op", condition.Mask is null ? "SCMP_CMP_EQ" : "SCMP_CMP_MASKED_EQ");
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}

/// <summary>What happens on some calls.</summary>
/// <param name="Errno">null: the call is made; else it returns this (0: success without doing anything).</param>
/// <param name="Names">The calls.</param>
/// <param name="Conditions">All must hold; none: always.</param>
internal sealed record SeccompRule(int? Errno, IReadOnlyList<string> Names, IReadOnlyList<SeccompCondition> Conditions)
{
    /// <summary>Whoever holds the listener of the filter answers; then <see cref="Errno"/> is null. Not for OCI runtimes.</summary>
    public bool Asks { get; init; }
}

/// <summary>Argument (and mask) equals value.</summary>
internal sealed record SeccompCondition(int Argument, ulong? Mask, ulong Value);
