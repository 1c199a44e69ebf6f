using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>
/// A running engine on directories of its own, with the base template of this machine and the published agent. Disposing it
/// fails when anything is left.
/// </summary>
public sealed class EngineFixture : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("mk-").FullName;

    /// <summary>No pool.</summary>
    public EngineFixture()
    {
        File.SetUnixFileMode(_directory, (UnixFileMode)0b111_001_001);
        Options = NewOptions(_directory);
        Engine = NewEngine(Options);
    }

    public EngineOptions Options { get; }

    public SandboxEngine Engine { get; private set; }

    internal EnginePaths Paths => new(Options);

    /// <summary>MONKEY_TEST_LOG=1 shows what the engine says.</summary>
    private static ILoggerFactory Loggers { get; } = Environment.GetEnvironmentVariable("MONKEY_TEST_LOG") is null
        ? NullLoggerFactory.Instance
        : LoggerFactory.Create(log => log.SetMinimumLevel(LogLevel.Debug).AddProvider(new StderrLog()));

    public static EngineOptions NewOptions(string directory) => new()
    {
        StateDirectory = Path.Combine(directory, "state"),
        RunDirectory = Path.Combine(directory, "run"),
        CacheDirectory = Environment.GetEnvironmentVariable("MONKEY_CACHE_DIR") ?? new EngineOptions().CacheDirectory,
        Pools = [],
        LaunchTimeout = TimeSpan.FromSeconds(60),
        TeardownTimeout = TimeSpan.FromSeconds(60),
        // Tests of zygotes ask for one.
        Zygote = false,
    };

    /// <summary>Started, with options changed.</summary>
    public static async Task<EngineFixture> StartAsync(Action<EngineOptions>? change = null, Func<EngineParts, EngineParts>? exchange = null)
    {
        var fixture = new EngineFixture();
        change?.Invoke(fixture.Options);
        fixture.Engine = NewEngine(fixture.Options, exchange);
        await fixture.InitializeAsync();
        return fixture;
    }

    /// <summary>Not started.</summary>
    public static SandboxEngine NewEngine(EngineOptions options, Func<EngineParts, EngineParts>? exchange = null)
    {
        var parts = new EngineParts(
            async cancellationToken => await BtrfsStore.OpenAsync(new StoreSettings { StateDirectory = options.StateDirectory, SizeBytes = 4L << 30 }, cancellationToken),
            async cancellationToken => await NodeTemplates.LoadAsync(new TemplateSettings { CacheDirectory = options.CacheDirectory }, cancellationToken),
            (path, forks) => AgentClient.ForUnixSocket(path, forks: forks));
        return new SandboxEngine(options, exchange?.Invoke(parts) ?? parts, Loggers, TimeProvider.System);
    }

    public async ValueTask InitializeAsync() => await Engine.StartAsync(TestContext.Current.CancellationToken);

    public Task<ISandbox> AcquireAsync(SandboxProfile profile, SandboxLimits? limits = null) =>
        Engine.AcquireAsync(new SandboxSpec { Profile = profile, Limits = limits ?? new SandboxLimits() }, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await Leftovers.AssertNoneAsync(Paths);
        Directory.Delete(_directory, recursive: true);
    }

    private sealed class StderrLog : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Console.Error.WriteLine($"{logLevel} {formatter(state, exception)} {exception}");
        public void Dispose()
        {
        }
    }
}
