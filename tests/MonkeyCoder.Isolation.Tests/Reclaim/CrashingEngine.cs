using System.Diagnostics;
using System.Globalization;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Tests.Sandboxes;
using MonkeyCoder.Isolation.Tests.Unprivileged;

namespace MonkeyCoder.Isolation.Tests.Reclaim;

/// <summary>An engine in a process of its own, to be killed. The process is this test program, started with a variable set.</summary>
internal sealed class CrashingEngine : IDisposable
{
    private const string Variable = "MONKEY_TEST_CRASHING_ENGINE";
    private const string Ready = "ready";

    private readonly Process _process;

    private CrashingEngine(Process process) => _process = process;

    /// <summary>Starts it; returns when as many sandboxes run as asked for, and it goes on launching and removing more.</summary>
    public static async Task<CrashingEngine> StartAsync(
        string directory, int sandboxes, CancellationToken cancellationToken, IsolationTier tier = IsolationTier.Container, bool zygote = false)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        start.Environment[Variable] = $"{directory}:{sandboxes}:{tier}:{zygote}";
        var engine = new CrashingEngine(Process.Start(start)!);
        string? line;
        while ((line = await engine._process.StandardOutput.ReadLineAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), cancellationToken)) != Ready)
            Assert.NotNull(line);
        return engine;
    }

    /// <summary>SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }

    /// <summary>What this process is to be, where it is not the test program.</summary>
    public static string? Role => Environment.GetEnvironmentVariable(Variable);

    /// <summary>The life of the process; ends by being killed only.</summary>
    public static async Task<int> RunAsync(string role)
    {
        var fields = role.Split(':');
        await RunAsync(fields[0], int.Parse(fields[1], CultureInfo.InvariantCulture), Enum.Parse<IsolationTier>(fields[2]), bool.Parse(fields[3]));
        return 1;
    }

    private static async Task RunAsync(string directory, int sandboxes, IsolationTier tier, bool zygote)
    {
        var options = EngineFixture.NewOptions(directory);
        options.Zygote = zygote;
        if (tier == IsolationTier.Unprivileged) UnprivilegedFixture.Choose(options);
        var engine = EngineFixture.NewEngine(options);
        await engine.StartAsync(CancellationToken.None);
        for (var i = 0; i < sandboxes; i++)
            _ = await engine.AcquireAsync(new SandboxSpec { Profile = (SandboxProfile)(i % 2) }, CancellationToken.None);
        Console.WriteLine(Ready);
        await Task.WhenAll(Enumerable.Range(0, 2).Select(async i =>
        {
            while (true)
            {
                var sandbox = await engine.AcquireAsync(new SandboxSpec { Profile = (SandboxProfile)i }, CancellationToken.None);
                await sandbox.DisposeAsync();
            }
        }));
    }
}
