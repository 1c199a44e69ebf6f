namespace MonkeyCoder.Agent;

/// <summary>Command line: <c>monkey-agent [--kernels DIR] [--etc DIR]</c>.</summary>
/// <param name="KernelsDirectory">Where the kernel drivers are. Default <c>/opt/monkeycoder/kernels</c>.</param>
/// <param name="EtcDirectory">Where <c>passwd</c> and <c>group</c> are. Default <c>/etc</c>.</param>
internal sealed record AgentOptions(string KernelsDirectory, string EtcDirectory)
{
    /// <exception cref="ArgumentException">An option is unknown or has no value.</exception>
    public static AgentOptions Parse(string[] arguments)
    {
        var options = new AgentOptions("/opt/monkeycoder/kernels", "/etc");
        for (var i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length) throw new ArgumentException($"{arguments[i]} needs a value");
            options = arguments[i] switch
            {
                "--kernels" => options with { KernelsDirectory = arguments[i + 1] },
                "--etc" => options with { EtcDirectory = arguments[i + 1] },
                _ => throw new ArgumentException($"unknown option {arguments[i]}"),
            };
        }

        return options;
    }
}
