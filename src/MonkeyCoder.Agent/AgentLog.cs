using System.Text;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent;

/// <summary>Lines on fd 2. Rare by design: faults of the agent, never what users do or send.</summary>
internal static class AgentLog
{
    private static readonly FileDescriptor StandardError = new(2);

    public static void Write(string line) => _ = Libc.TryWriteAll(StandardError, Encoding.UTF8.GetBytes($"monkey-agent: {line}\n"));
}
