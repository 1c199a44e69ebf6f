using System.Text;
using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Agent.Kernels;

/// <summary>One cell: what to tell the driver, and who waits for the output. The kernel's lock guards the flags.</summary>
internal sealed class Cell(FrameChannel channel, ConfigureRequest configured, byte[] code)
{
    public FrameChannel Channel { get; } = channel;

    /// <summary>What the node had configured when it asked for this cell.</summary>
    public ConfigureRequest Configured { get; } = configured;

    /// <summary>The messages to the driver: variables, then the code.</summary>
    public byte[] Bytes { get; private set; } = code;

    /// <summary>The node has gone: output is dropped from here on.</summary>
    public bool Abandoned { get; set; }

    /// <summary>How often someone has asked for an interrupt before the end.</summary>
    public int Interrupts { get; set; }

    /// <summary>The driver has begun with it, so that a SIGINT reaches it and not the space before.</summary>
    public bool Begun { get; set; }

    /// <summary>Reads a request into driver messages; the code is carried byte for byte.</summary>
    /// <exception cref="AgentFault">A variable's name or value, or code that is not UTF-8.</exception>
    /// <exception cref="InvalidDataException">The payload is malformed.</exception>
    public static Cell Read(FrameChannel channel, ConfigureRequest configured, ReadOnlySpan<byte> payload, out string contextId)
    {
        var reader = new WireReader(payload);
        contextId = reader.ReadString();
        var code = reader.ReadBytes();
        var environment = reader.ReadMap();
        if (!reader.AtEnd) throw new InvalidDataException("The payload is longer than it should be.");
        if (!System.Text.Unicode.Utf8.IsValid(code)) throw new AgentFault(AgentErrorCode.InvalidArgument, "the code is not UTF-8");

        using var bytes = new MemoryStream(code.Length + 64);
        foreach (var (key, value) in environment)
        {
            if (!IsName(key) || value.Contains('\0'))
                throw new AgentFault(AgentErrorCode.InvalidArgument, $"'{key}' is no name for an environment variable, or its value has a NUL");
            WriteVariable(bytes, "setenv", key, value);
        }

        bytes.Write(Encoding.ASCII.GetBytes($"execute {code.Length}\n"));
        bytes.Write(code);
        return new Cell(channel, configured, bytes.ToArray());
    }

    /// <summary>Puts variables before it that hold from this cell on; what no driver could name is left out.</summary>
    public void Prepend(IReadOnlyDictionary<string, string> variables)
    {
        using var bytes = new MemoryStream(Bytes.Length + 256);
        foreach (var (key, value) in variables)
        {
            if (IsName(key) && !value.Contains('\0')) WriteVariable(bytes, "putenv", key, value);
        }

        bytes.Write(Bytes);
        Bytes = bytes.ToArray();
    }

    private static void WriteVariable(MemoryStream bytes, string request, string key, string value)
    {
        var body = Encoding.UTF8.GetBytes(value);
        bytes.Write(Encoding.ASCII.GetBytes($"{request} {key} {body.Length}\n"));
        bytes.Write(body);
    }

    private static bool IsName(string key)
    {
        if (key.Length is 0 or > 128 || char.IsAsciiDigit(key[0])) return false;
        foreach (var character in key)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character != '_') return false;
        }

        return true;
    }
}
