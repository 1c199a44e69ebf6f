using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Agent;

/// <summary>What the node configured last; read by every request, replaced as a whole.</summary>
internal sealed class AgentSettings
{
    private volatile ConfigureRequest _current = new(new Dictionary<string, string>(), "user", null);

    /// <summary>Before the first <see cref="FrameType.Configure"/>: no variables, user <c>user</c>, its home.</summary>
    public ConfigureRequest Current
    {
        get => _current;
        set => _current = value;
    }
}
