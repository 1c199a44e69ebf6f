using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class RefusalLogTests : IDisposable
{
    private static readonly TimeSpan Sweep = TimeSpan.FromSeconds(15);

    private readonly FakeInternet _internet = new();
    private readonly ManualTimeProvider _time = new();
    private readonly Lines _lines = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _internet.Dispose();

    [Fact]
    public async Task Refusal_Any_IsALineWithSandboxOwnerDestinationAndReason()
    {
        await using var gateway = NewGateway();
        await using var egress = Open(gateway);

        egress.Refuse(EgressTarget.Parse("evil.example.org", 443)!, EgressReasons.NotAllowed);
        egress.Refuse(EgressTarget.Parse("10.0.0.5", 80)!, EgressReasons.SpecialAddress);

        Assert.Equal(
            [
                $"2100 Sandbox {egress.Id} of tenant-a may not connect to evil.example.org port 443: not_allowed; refusals before it without a line: 0",
                $"2100 Sandbox {egress.Id} of tenant-a may not connect to 10.0.0.5 port 80: special_address; refusals before it without a line: 0",
            ],
            _lines.All);
        Assert.Equal([("tenant-a", "evil.example.org"), ("tenant-a", null)], _internet.Refusals.Select(refusal => (refusal.Owner, refusal.Host)));
    }

    [Theory]
    [InlineData("localhost", "localhost")]
    [InlineData("http://user:secret@127.1:18081/secret?secret#secret", "127.1:18081")]
    [InlineData("evil.test\r\nSandbox", "evil.test??Sandbox")]
    [InlineData("http:///", null)]
    [InlineData(null, null)]
    public async Task Refusal_OfNoDestination_ShowsWhatWasAskedForAndNoSecret(string? asked, string? shown)
    {
        await using var gateway = NewGateway();
        await using var egress = Open(gateway);

        egress.Refuse(asked, EgressReasons.BadHost);

        Assert.Equal(shown, Assert.Single(_internet.Refusals).Host);
        Assert.Contains($" may not connect to {shown ?? "-"} port 0: bad_host;", Assert.Single(_lines.All), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusals_MoreThanTheLogTakes_AreCountedInTheNextLine()
    {
        await using var gateway = NewGateway();
        await using var egress = Open(gateway);

        for (var i = 0; i < RefusalLog.Burst + 7; i++) egress.Refuse(EgressReasons.Limit);
        Assert.Equal(RefusalLog.Burst, _lines.All.Length);
        // Time for one line more, and not for a sweep.
        _time.Advance(TimeSpan.FromSeconds(6));
        egress.Refuse(EgressReasons.Limit);

        Assert.EndsWith("limit; refusals before it without a line: 7", _lines.All[^1], StringComparison.Ordinal);
        Assert.Equal(RefusalLog.Burst + 8, _internet.Refusals.Count);
    }

    [Fact]
    public async Task Refusals_HeldBackWithNoneAfterThem_AreReportedAtTheNextSweep()
    {
        await using var gateway = NewGateway();
        await using var egress = Open(gateway);
        for (var i = 0; i < RefusalLog.Burst + 3; i++) egress.Refuse(EgressReasons.Limit);
        await _time.ArmedAsync(Sweep, Token);

        _time.Advance(Sweep);

        await _lines.SeenAsync($"2102 Sandbox {egress.Id} of tenant-a was refused more connections than have a line: 3", Token);
    }

    [Fact]
    public async Task Refusals_HeldBackWhenTheSandboxEnds_AreReportedThen()
    {
        await using var gateway = NewGateway();
        var egress = Open(gateway);
        for (var i = 0; i < RefusalLog.Burst + 5; i++) egress.Refuse(EgressReasons.Limit);

        await egress.DisposeAsync();

        Assert.Equal($"2102 Sandbox {egress.Id} of tenant-a was refused more connections than have a line: 5", _lines.All[^1]);
    }

    private EgressGateway NewGateway() => new(_internet.Parts, _time, _lines);

    private static SandboxEgress Open(EgressGateway gateway)
    {
        var egress = gateway.Open(SandboxId.New(), null, 100);
        egress.Owner = "tenant-a";
        return egress;
    }

    private sealed class Lines : ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();
        private readonly Channel<string> _added = Channel.CreateUnbounded<string>();

        public string[] All => [.. _lines];

        public async Task SeenAsync(string line, CancellationToken cancellationToken)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(60));
            while (await _added.Reader.ReadAsync(limit.Token) != line)
            {
                // Another one.
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = $"{eventId.Id} {formatter(state, exception)}";
            _lines.Enqueue(line);
            _added.Writer.TryWrite(line);
        }
    }
}
