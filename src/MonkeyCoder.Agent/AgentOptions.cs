namespace MonkeyCoder.Agent;

/// <summary>Command line: <c>monkey-agent [--kernels DIR] [--etc DIR] [--listen PATH]</c>.</summary>
/// <param name="KernelsDirectory">Where the kernel drivers are. Default <c>/opt/monkeycoder/kernels</c>.</param>
/// <param name="EtcDirectory">Where <c>passwd</c> and <c>group</c> are. Default <c>/etc</c>.</param>
/// <param name="ListenPath">Unix socket to make and listen on. Default null: descriptor 3 is one that listens already.</param>
internal sealed record AgentOptions(string KernelsDirectory, string EtcDirectory, string? ListenPath = null)
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
                "--listen" => options with { ListenPath = arguments[i + 1] },
                "--etc" => options with { EtcDirectory = arguments[i + 1] },
                _ => throw new ArgumentException($"unknown option {arguments[i]}"),
            };
        }

        return options;
    }
}
