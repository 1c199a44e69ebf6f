using System.Diagnostics;
using System.Security.Cryptography;
using MonkeyCoder.Client;
using MonkeyCoder.Contracts.Security;

namespace MonkeyCoder.Testing.Nodes;

/// <summary>
/// The real service with a state directory and a port of its own. Disposing stops it and fails the test where anything of
/// it is left on the machine.
/// </summary>
public sealed class NodeUnderTest : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("monkeycoder-e2e-").FullName;
    private Process? _process;
    private StreamWriter? _log;

    public NodeUnderTest()
    {
        // runc goes through these directories as the mapped root of a sandbox.
        File.SetUnixFileMode(_directory, (UnixFileMode)0b111_001_001);
        StateDirectory = Path.Combine(_directory, "state");
        Secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
    }

    public string StateDirectory { get; }

    /// <summary>A program, with arguments, that starts the service and becomes it; none: the service is started as it is.</summary>
    public IReadOnlyList<string> Wrapper { get; init; } = [];

    public string Secret { get; }

    public int Port { get; } = FreePort.Find();

    public string ApiKey { get; private set; } = "";

    /// <summary>More of the service's environment; what is set here counts from the next start on.</summary>
    public Dictionary<string, string> Settings { get; } = [];

    /// <summary>Runs the service in a network namespace of this name.</summary>
    public string? NetworkNamespace { get; init; }

    public Uri Address => new($"http://127.0.0.1:{Port}");

    public int ProcessId => _process!.Id;

    /// <summary>What the service has written so far.</summary>
    public string LogFile => Path.Combine(_directory, "service.log");

    /// <summary>The part of the names of cgroups and run directories that stands for this node.</summary>
    public string Instance => Leftovers.InstanceOf(StateDirectory);

    internal Leftovers Leftovers => new(StateDirectory);

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(StateDirectory, (UnixFileMode)0b111_001_001);
        ApiKey = (await new ApiKeyStore(StateDirectory, TimeProvider.System)
            .CreateAsync("end-to-end", "default", TestContext.Current.CancellationToken)).Key;
        await StartAsync();
    }

    /// <summary>A key of another tenant.</summary>
    public async Task<string> NewKeyAsync(string tenant, CancellationToken cancellationToken) =>
        (await new ApiKeyStore(StateDirectory, TimeProvider.System).CreateAsync("end-to-end", tenant, cancellationToken)).Key;

    public SandboxClient NewClient(string? apiKey = null) => new(new SandboxClientOptions
    {
        BaseAddress = Address,
        ApiKey = apiKey ?? ApiKey,
        RequestTimeout = TimeSpan.FromMinutes(3),
    });

    /// <summary>Variables for programs that talk to this node.</summary>
    public Dictionary<string, string> Environment() => new()
    {
        ["E2B_API_URL"] = Address.ToString().TrimEnd('/'),
        ["E2B_SANDBOX_URL"] = Address.ToString().TrimEnd('/'),
        ["E2B_API_KEY"] = ApiKey,
        ["MONKEY_URL"] = Address.ToString().TrimEnd('/'),
        ["MONKEY_STATE_DIR"] = StateDirectory,
        ["SANDBOX_TOKEN_SECRET"] = Secret,
        ["SANDBOX_PORT"] = Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    /// <summary>Starts the service and returns when it answers.</summary>
    public async Task StartAsync()
    {
        _log = new StreamWriter(new FileStream(LogFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        string[] command = NetworkNamespace is null
            ? [.. Wrapper, Repository.Service]
            : ["nsenter", $"--net=/run/netns/{NetworkNamespace}", .. Wrapper, Repository.Service];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in Environment().Concat(Settings)) start.Environment[name] = value;
        var log = _log;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Write(log, line.Data);
        _process.ErrorDataReceived += (_, line) => Write(log, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var client = NewClient();
        using var limit = new CancellationTokenSource(StartLimit);
        using var period = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await client.IsHealthyAsync(limit.Token))
        {
            if (_process.HasExited) Assert.Fail($"The service ended at its start:\n{await ReadLogAsync()}");
            await period.WaitForNextTickAsync(limit.Token);
        }
    }

    /// <summary>SIGKILL: nothing of the service gets to clean up.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        await CloseAsync();
    }

    /// <summary>SIGTERM, and waits for the end.</summary>
    public async Task StopAsync()
    {
        if (_process is null) return;
        if (!_process.HasExited)
        {
            using var term = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])!;
            await term.WaitForExitAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await _process.WaitForExitAsync(limit.Token);
        }

        await CloseAsync();
    }

    /// <summary>Network namespaces that the running service keeps for no live sandbox.</summary>
    public IReadOnlyList<string> StrayNetworkNamespaces() => Leftovers.StrayNetworkNamespaces(_process!.Id);

    /// <summary>Files that the service has open.</summary>
    public int OpenFiles() => Directory.GetFileSystemEntries($"/proc/{_process!.Id}/fd").Length;

    /// <summary>Resident memory of the service in bytes.</summary>
    public long ResidentBytes()
    {
        _process!.Refresh();
        return _process.WorkingSet64;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Assert.Empty(await Leftovers.ListSettledAsync(TimeSpan.FromSeconds(30)));
        Directory.Delete(_directory, recursive: true);
    }

    private static void Write(StreamWriter log, string? line)
    {
        if (line is null) return;
        lock (log) log.WriteLine(line);
    }

    private async Task<string> ReadLogAsync()
    {
        await _process!.WaitForExitAsync();
        await using var stream = new FileStream(LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    private async Task CloseAsync()
    {
        // Waits for the last lines as well.
        await _process!.WaitForExitAsync();
        _process.Dispose();
        _process = null;
        await _log!.DisposeAsync();
    }
}
