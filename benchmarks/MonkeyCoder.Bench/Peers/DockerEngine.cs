using System.Diagnostics;

namespace MonkeyCoder.Bench.Peers;

/// <summary>A dockerd with directories and a socket of its own, stopped and removed at the end.</summary>
internal sealed class DockerEngine : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(200);

    private readonly DirectoryInfo _directory;
    private readonly Process _process;
    private readonly Task _output;

    private DockerEngine(DirectoryInfo directory, Process process)
    {
        (_directory, _process) = (directory, process);
        _output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        Client = ["--host", "unix://" + Path.Combine(directory.FullName, "docker.sock")];
    }

    /// <summary>First arguments of every call of the client.</summary>
    public IReadOnlyList<string> Client { get; }

    public static async Task<DockerEngine> StartAsync(CancellationToken cancellationToken)
    {
        var directory = Directory.CreateDirectory(Path.Combine("/var/tmp", $"monkeycoder-bench-{Environment.ProcessId}"));
        var process = Command.Start("dockerd",
        [
            "--data-root", Path.Combine(directory.FullName, "data"),
            "--exec-root", Path.Combine(directory.FullName, "exec"),
            "--pidfile", Path.Combine(directory.FullName, "docker.pid"),
            "--host", "unix://" + Path.Combine(directory.FullName, "docker.sock"),
            "--bridge", "none", "--iptables=false", "--ip6tables=false",
        ]);
        var engine = new DockerEngine(directory, process);
        try
        {
            await engine.WaitAsync(cancellationToken);
            return engine;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes an image of a root filesystem.</summary>
    public async Task ImportAsync(string rootPath, string image, CancellationToken cancellationToken)
    {
        using var tar = Command.Start("tar", ["--create", "--directory", rootPath, "."]);
        using var import = Command.Start("docker", [.. Client, "import", "-", image]);
        var complaints = Task.WhenAll(tar.StandardError.ReadToEndAsync(cancellationToken), import.StandardError.ReadToEndAsync(cancellationToken));
        await tar.StandardOutput.BaseStream.CopyToAsync(import.StandardInput.BaseStream, cancellationToken);
        import.StandardInput.Close();
        await import.StandardOutput.ReadToEndAsync(cancellationToken);
        await Task.WhenAll(tar.WaitForExitAsync(cancellationToken), import.WaitForExitAsync(cancellationToken));
        if (tar.ExitCode != 0 || import.ExitCode != 0)
            throw new InvalidOperationException("docker import failed: " + string.Join(' ', await complaints));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // SIGTERM, so that it unmounts what it mounted.
            await Command.TryAsync("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)], CancellationToken.None);
            using var bound = new CancellationTokenSource(Patience);
            try
            {
                await _process.WaitForExitAsync(bound.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        await _output;
        _process.Dispose();
        // Refuses to cross into what may still be mounted.
        await Command.TryAsync("rm", ["-rf", "--one-file-system", _directory.FullName], CancellationToken.None);
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (await Command.TryAsync("docker", [.. Client, "version"], cancellationToken) is { } complaint)
        {
            if (_process.HasExited) throw new InvalidOperationException("dockerd ended at its start.");
            if (Stopwatch.GetElapsedTime(started) > Patience) throw new InvalidOperationException("dockerd does not answer: " + complaint);
            await Task.Delay(Retry, cancellationToken);
        }
    }
}
