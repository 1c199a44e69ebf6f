using System.Diagnostics;
using MonkeyCoder.Security.Tests.Node;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Internet;

/// <summary>
/// What a node takes for the internet (<c>Tools/internet.py</c>): two network namespaces with a veth between them, one for the node, one
/// with names, two sites over HTTP and TLS, and canaries wherever a sandbox must not get. Nothing of it is in the network of the host.
/// Disposing removes it all; what a killed run has left is removed by the next.
/// </summary>
internal sealed class FakeInternet : IAsyncDisposable
{
    /// <summary>Address of example.com.</summary>
    public const string ExampleAddress = "203.0.113.10";

    /// <summary>Address of everything below pypi.org that has no trap.</summary>
    public const string MirrorAddress = "203.0.113.11";

    /// <summary>Address of everything below .test.</summary>
    public const string AttackerAddress = "203.0.113.66";

    /// <summary>Its name server.</summary>
    public const string Resolver = "203.0.113.53";

    /// <summary>Range of the sites, which an operator has to open.</summary>
    public const string Range = "203.0.113.0/24";

    private const string Namespaces = "/run/netns";
    private const string Prefix = "monkeycoder-internet-";
    private static readonly TimeSpan StepTime = TimeSpan.FromSeconds(30);

    private readonly string _name = $"{Prefix}{Environment.ProcessId}";
    private readonly string _directory = Directory.CreateTempSubdirectory("monkeycoder-internet-").FullName;
    private readonly List<Process> _processes = [];

    /// <summary>Network namespace of the node.</summary>
    public string NodeNamespace => _name + "-node";

    /// <summary>PEM file with the authority of the sites' certificates.</summary>
    public string AuthorityFile => Path.Combine(_directory, "authority.pem");

    private string LogFile => Path.Combine(_directory, "internet.log");

    /// <summary>Names that the name server was asked for, and canaries that were reached, in their order.</summary>
    public IReadOnlyList<string> Log => File.Exists(LogFile) ? File.ReadAllLines(LogFile) : [];

    /// <param name="nodePort">Port of the node's loopback that is to be reached from the host's.</param>
    public async Task StartAsync(int nodePort)
    {
        await RemoveStaleAsync();
        await RunScriptAsync("up", _name);
        SiteCertificates.Write(_directory);
        await StartAsync(_name + "-world", "internet.py", "world", LogFile, Path.Combine(_directory, "site.pem"), Path.Combine(_directory, "site.key"));
        await StartAsync(NodeNamespace, "internet.py", "loopback", LogFile);
        await StartAsync(null, "relay.py", $"{nodePort}", Path.Combine(Namespaces, NodeNamespace));
    }

    /// <summary>Sets what a node in <see cref="NodeNamespace"/> needs to use it, and allows sandboxes its sites.</summary>
    public void Connect(NodeUnderTest node)
    {
        ArgumentNullException.ThrowIfNull(node);
        node.Settings["Egress__AllowedDomains"] = "example.com, *.pypi.org";
        node.Settings["Egress__OpenedNetworks"] = Range;
        node.Settings["Gateway__Resolver"] = Resolver;
        // What the node trusts beside the machine's own list (openssl-env(7)).
        node.Settings["SSL_CERT_FILE"] = AuthorityFile;
    }

    /// <summary>Runs a program where the node is.</summary>
    public async Task<string> RunBesideTheNodeAsync(string program, params string[] arguments)
    {
        using var limit = new CancellationTokenSource(StepTime);
        var run = await Commands.RunAsync(
            "nsenter", [$"--net={Path.Combine(Namespaces, NodeNamespace)}", program, .. arguments], "/", new Dictionary<string, string>(), limit.Token);
        Assert.True(run.ExitCode == 0, $"{program}: {run}");
        return run.Stdout;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            process.StandardInput.Close();
            using var limit = new CancellationTokenSource(StepTime);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited) process.Kill();
            process.Dispose();
        }

        _processes.Clear();
        await RunScriptAsync("down", _name);
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }

    private static async Task RemoveStaleAsync()
    {
        if (!Directory.Exists(Namespaces)) return;
        foreach (var name in Directory.EnumerateFiles(Namespaces, Prefix + "*").Select(file => Path.GetFileName(file)[..Path.GetFileName(file).LastIndexOf('-')]).Distinct())
            if (!Directory.Exists($"/proc/{name[Prefix.Length..]}")) await RunScriptAsync("down", name);
    }

    private static async Task RunScriptAsync(string verb, string name)
    {
        using var limit = new CancellationTokenSource(StepTime);
        var run = await Commands.RunAsync(Path.Combine(Shell.Tools, "internet.sh"), [verb, name], "/", new Dictionary<string, string>(), limit.Token);
        Assert.True(run.ExitCode == 0, $"internet.sh {verb}: {run}");
    }

    /// <summary>Starts a tool, in a namespace or in the host's, and returns when it is ready.</summary>
    private async Task StartAsync(string? network, string tool, params string[] arguments)
    {
        string[] command = ["python3", Path.Combine(Shell.Tools, tool), .. arguments];
        if (network is not null) command = ["nsenter", $"--net={Path.Combine(Namespaces, network)}", .. command];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        _processes.Add(process);
        using var limit = new CancellationTokenSource(StepTime);
        Assert.Equal("READY", await process.StandardOutput.ReadLineAsync(limit.Token));
    }
}
