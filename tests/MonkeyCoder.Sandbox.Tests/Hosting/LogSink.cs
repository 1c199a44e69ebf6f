using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace MonkeyCoder.Sandbox.Tests.Hosting;

/// <summary>Keeps log lines with the values of their scopes.</summary>
public sealed class LogSink : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<LogLine> _lines = [];
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    public IReadOnlyList<LogLine> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => new Sink(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
    }

    private sealed class Sink(LogSink owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => owner._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = new Dictionary<string, string?>();
            owner._scopes.ForEachScope(
                (scope, into) =>
                {
                    if (scope is not IEnumerable<KeyValuePair<string, object>> pairs) return;
                    foreach (var (key, value) in pairs) into[key] = value.ToString();
                },
                values);
            owner._lines.Enqueue(new LogLine(category, logLevel, formatter(state, exception), values));
        }
    }
}

public sealed record LogLine(string Category, LogLevel Level, string Text, IReadOnlyDictionary<string, string?> Scope);
