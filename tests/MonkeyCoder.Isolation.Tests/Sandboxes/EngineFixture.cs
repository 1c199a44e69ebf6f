using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>An engine on directories of its own.</summary>
internal sealed class EngineFixture : IAsyncDisposable, ITemplateSource
{
    private const string StandIn = """
        #!/usr/bin/python3
        import socket
        listener = socket.socket(fileno=3)
        while True:
            peer, _ = listener.accept()
            peer.recv(5)
            version = b'stand-in'
            body = (1).to_bytes(4, 'little') + len(version).to_bytes(4, 'little') + version
            peer.sendall(bytes([102]) + len(body).to_bytes(4, 'little') + body)
            peer.close()
        """;

    private readonly string _directory = Path.Combine(Path.GetTempPath(), "mk-" + Path.GetRandomFileName()[..8]);

    public EngineFixture(params PoolOptions[] pools)
    {
        var agent = Path.Combine(_directory, "runtime/opt/monkeycoder/monkey-agent");
        Directory.CreateDirectory(Path.GetDirectoryName(agent)!);
        File.WriteAllText(agent, StandIn);
        File.SetUnixFileMode(agent, (UnixFileMode)0b111_101_101);
        Options = new EngineOptions
        {
            StateDirectory = Path.Combine(_directory, "state"),
            RunDirectory = Path.Combine(_directory, "run"),
            Pools = pools,
        };
        Engine = NewEngine();
    }

    public EngineOptions Options { get; }

    public SandboxEngine Engine { get; }

    public IReadOnlyList<string> Names => ["base"];

    public SandboxEngine NewEngine() => new(
        Options,
        new EngineParts(_ => Task.FromResult<Isolation.Store.ISandboxStore>(new DirectoryStore(Path.Combine(Options.StateDirectory, "store"))), _ => Task.FromResult<ITemplateSource>(this), path => new PingAgent(path)),
        LoggerFactory.Create(log => log.SetMinimumLevel(LogLevel.Debug).AddProvider(new StderrLog())),
        TimeProvider.System);

    public TemplateLayers? Find(string name) => name != "base"
        ? null
        : new TemplateLayers("test",
            [Path.Combine(_directory, "runtime"), Directory.GetDirectories("/var/cache/monkeycoder/templates", "base-*")[0] + "/rootfs"]);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
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
