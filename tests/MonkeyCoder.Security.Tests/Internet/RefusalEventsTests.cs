using System.Globalization;
using System.Text.Json;
using MonkeyCoder.Security.Tests.Inside;

namespace MonkeyCoder.Security.Tests.Internet;

/// <summary>What is refused leaves a trace with sandbox, tenant, destination and reason, and none is lost.</summary>
[Collection(InternetCollection.Name)]
[Trait("Needs", "root")]
public sealed class RefusalEventsTests(InternetNode node)
{
    private const int Refused = 2100;
    private const int HeldBack = 2102;
    private const int Many = 40;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Refusals_OfASandbox_AreInTheLogWithTenantAndReason()
    {
        string id;
        await using (var sandbox = await StrictSandbox.CreateAsync(node.Node, Token))
        {
            id = sandbox.Id;
            var tries = new[]
            {
                "http://evil.test/", $"http://{FakeInternet.AttackerAddress}/", "http://169.254.169.254/", "-x http://127.0.0.1:3128 http://10.0.0.5:8080/",
                "-x http://127.0.0.1:3128 http://example.com:8443/", "http://linklocal.pypi.org/",
            };
            foreach (var one in tries) await sandbox.RunAsync("curl -s -m 10 " + one, Time, Token);
        }

        var events = Events(id);
        Assert.All(events, static one => Assert.Equal((Refused, "MonkeyCoder.Security", "default"), (one.Id, one.Category, one.Tenant)));
        var seen = events.Select(static one => $"{one.Host} {one.Port} {one.Reason}").Distinct().ToArray();
        Assert.Equal(
            [
                "evil.test 0 bad_host", $"{FakeInternet.AttackerAddress} 80 not_allowed", "169.254.169.254 80 special_address",
                "10.0.0.5 8080 special_address", "example.com 8443 port", "linklocal.pypi.org 0 special_address",
            ],
            seen);
    }

    [Fact]
    public async Task Refusals_MoreThanTheLogTakes_AreAllCounted()
    {
        var before = await CountAsync("not_allowed");
        string id;
        await using (var sandbox = await StrictSandbox.CreateAsync(node.Node, Token))
        {
            id = sandbox.Id;
            var outcome = await sandbox.RunAsync(
                $"for i in $(seq {Many}); do curl -s -m 10 -o /dev/null -w '%{{http_code}}\\n' -x http://127.0.0.1:3128 http://evil.example.org/; done | sort | uniq -c", Time, Token);
            Assert.Equal($"{Many} 403", outcome.Stdout.Trim());
        }

        var events = Events(id);
        Assert.InRange(events.Count, 2, Many - 1);
        Assert.Equal(Many, events.Count(static one => one.Id == Refused) + events.Sum(static one => one.Held));
        Assert.Equal(Many, await CountAsync("not_allowed") - before);
    }

    private async Task<long> CountAsync(string reason)
    {
        var metrics = await node.Internet.RunBesideTheNodeAsync("curl", "-sS", $"http://127.0.0.1:{node.Node.Settings["Hosting__MetricsPort"]}/metrics");
        var line = metrics.Split('\n').FirstOrDefault(line => line.StartsWith($"sandbox_egress_refusals_total{{reason=\"{reason}\"}} ", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private List<Event> Events(string sandbox)
    {
        using var stream = new FileStream(node.Node.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        var events = new List<Event>();
        while (reader.ReadLine() is { } line)
        {
            if (!line.Contains(sandbox, StringComparison.Ordinal)) continue;
            using var read = JsonDocument.Parse(line);
            var root = read.RootElement;
            if (root.GetProperty("EventId").GetInt32() is not (Refused or HeldBack)) continue;
            var state = root.GetProperty("State");
            events.Add(new Event(
                root.GetProperty("EventId").GetInt32(), root.GetProperty("Category").GetString()!, state.GetProperty("Tenant").GetString()!, Text(state, "Host"),
                Text(state, "Port"), Text(state, "Reason"), state.GetProperty("HeldBack").GetInt64()));
        }

        return events;
    }

    private static string Text(JsonElement state, string name) => state.TryGetProperty(name, out var value) ? value.ToString() : "";

    private sealed record Event(int Id, string Category, string Tenant, string Host, string Port, string Reason, long Held);
}
