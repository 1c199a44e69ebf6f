using System.Net;
using MonkeyCoder.Sandbox.Tests.Hosting;

namespace MonkeyCoder.Sandbox.Tests.RateLimits;

public sealed class RateLimitTests
{
    private const string Body = """{"code":"1"}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_OfOneKeyAboveItsRate_Are429AndOtherKeysAreServed()
    {
        await using var node = await NodeFixture.StartAsync("--RateLimits:CallerBurst=3", "--RateLimits:CallerPerSecond=1");
        var one = await node.Keys.CreateAsync("one", "a", Cancelled);
        var two = await node.Keys.CreateAsync("two", "a", Cancelled);

        var refused = await UntilRefusedAsync(() => node.GetAsync("/sandbox/metrics", one.Key));

        await NodeFixture.AssertProblemAsync(refused, 429, "rate_limited");
        Assert.Matches("^[1-9][0-9]*$", refused.Headers.GetValues("Retry-After").Single());
        Assert.Equal(HttpStatusCode.OK, (await node.GetAsync("/sandbox/metrics", two.Key)).StatusCode);
    }

    [Fact]
    public async Task Requests_ThroughTheE2bApi_AreRefusedInItsForm()
    {
        await using var node = await NodeFixture.StartAsync("--RateLimits:CallerBurst=3", "--RateLimits:CallerPerSecond=1");
        var key = await node.Keys.CreateAsync("one", "a", Cancelled);

        var refused = await UntilRefusedAsync(() => ListAsync(node, key.Key));

        Assert.Matches("^[1-9][0-9]*$", refused.Headers.GetValues("Retry-After").Single());
        Assert.Contains("\"code\":429", await refused.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_FromOneAddressAboveItsRate_AreRefusedUnseenAndHealthIsNot()
    {
        await using var node = await NodeFixture.StartAsync("--RateLimits:AddressBurst=3", "--RateLimits:AddressPerSecond=1");

        await UntilRefusedAsync(() => node.GetAsync("/nowhere"));

        Assert.Equal(HttpStatusCode.OK, (await node.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task WrongCredentials_TooMany_AreNoLongerLookedAtAndForwardingHeadersDoNotHelp()
    {
        await using var node = await NodeFixture.StartAsync("--RateLimits:FailureBurst=5", "--RateLimits:FailuresPerSecond=1");
        var good = await node.Keys.CreateAsync("good", "a", Cancelled);
        var guess = 0;

        var refused = await UntilRefusedAsync(() => ListAsync(node, $"wrong{guess++}", forwardedFor: $"10.0.0.{guess}"));

        Assert.Matches("^[1-9][0-9]*$", refused.Headers.GetValues("Retry-After").Single());
        Assert.Equal(HttpStatusCode.TooManyRequests, (await ListAsync(node, good.Key)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await node.GetAsync("/health")).StatusCode);
    }

    [Fact]
    public async Task WrongCredentials_BehindATrustedProxy_CountForTheClientItNames()
    {
        await using var node = await NodeFixture.StartAsync(
            "--RateLimits:FailureBurst=5", "--RateLimits:FailuresPerSecond=1", "--RateLimits:TrustedProxies=127.0.0.1, 10.0.0.0/8");
        var good = await node.Keys.CreateAsync("good", "a", Cancelled);

        await UntilRefusedAsync(() => ListAsync(node, "wrong", forwardedFor: "203.0.113.7, 10.1.2.3"));

        Assert.Equal(HttpStatusCode.OK, (await ListAsync(node, good.Key, forwardedFor: "203.0.113.8")).StatusCode);
    }

    [Fact]
    public async Task MissingCredentials_AreNoFailures()
    {
        await using var node = await NodeFixture.StartAsync("--RateLimits:FailureBurst=2", "--RateLimits:FailuresPerSecond=1");
        var good = await node.Keys.CreateAsync("good", "a", Cancelled);

        for (var i = 0; i < 10; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await node.GetAsync("/sandbox/metrics")).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await ListAsync(node, good.Key)).StatusCode);
    }

    // As many as it takes: what a slow machine gives back meanwhile only makes it longer.
    private static async Task<HttpResponseMessage> UntilRefusedAsync(Func<Task<HttpResponseMessage>> send)
    {
        for (var i = 0; i < 10_000; i++)
        {
            var responses = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => send()));
            if (Array.Find(responses, response => response.StatusCode == HttpStatusCode.TooManyRequests) is { } refused) return refused;
        }

        throw new InvalidOperationException("No request was refused.");
    }

    private static async Task<HttpResponseMessage> ListAsync(NodeFixture node, string key, string? forwardedFor = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sandboxes");
        request.Headers.TryAddWithoutValidation("X-API-KEY", key);
        if (forwardedFor is not null) request.Headers.Add("X-Forwarded-For", forwardedFor);
        return await node.Http.SendAsync(request, Cancelled);
    }
}
