using System.Net;
using System.Net.Http.Headers;
using MonkeyCoder.Client;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests;

/// <summary>The secret of tokens changes under a service that is in use.</summary>
public sealed class SecretRotationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RotateAndRetire_UnderLoad_RefuseNoTokenThatHoldsAndEveryOneThatDoesNot()
    {
        await using var node = new NodeUnderTest();
        var file = Path.Combine(node.StateDirectory, "secret");
        Directory.CreateDirectory(node.StateDirectory, (UnixFileMode)0b111_001_001);
        await File.WriteAllTextAsync(file, node.Secret, Token);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        node.Settings["SANDBOX_TOKEN_SECRET"] = "";
        node.Settings["SANDBOX_TOKEN_SECRET_FILE"] = file;
        await node.InitializeAsync();
        var service = node.ProcessId;
        using var client = node.NewClient();
        await using var sandbox = await client.CreateAsync(new SandboxCreateOptions { Template = "base" }, Token);

        var first = await RunCliAsync(node, "token", "e-1");
        Task<int> load;
        using (var rotating = CancellationTokenSource.CreateLinkedTokenSource(Token))
        {
            load = AskUntilAsync(node, first, rotating.Token);
            await RunCliAsync(node, "secret", "rotate");
            var second = await RunCliAsync(node, "token", "e-1");
            Assert.Equal(HttpStatusCode.OK, await AskAsync(node, second));
            Assert.Equal(HttpStatusCode.OK, await AskAsync(node, first));
            await rotating.CancelAsync();
            Assert.True(await load > 0);

            using var retiring = CancellationTokenSource.CreateLinkedTokenSource(Token);
            load = AskUntilAsync(node, second, retiring.Token);
            await RunCliAsync(node, "secret", "retire");
            Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(node, first));
            Assert.Equal(HttpStatusCode.OK, await AskAsync(node, second));
            await retiring.CancelAsync();
            Assert.True(await load > 0);
        }

        // The same process, and the sandbox's own token goes on.
        Assert.Equal(service, node.ProcessId);
        Assert.Equal("2", (await sandbox.RunCellAsync("1 + 1", null, Token)).Text);
    }

    private static async Task<string> RunCliAsync(NodeUnderTest node, params string[] arguments)
    {
        // The command line finds the secret where ./run keeps it.
        var environment = node.Environment();
        environment["SANDBOX_TOKEN_SECRET"] = "";
        var outcome = await Commands.RunAsync(Repository.Cli, arguments, Repository.Root, environment, Token);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        return outcome.Stdout.Trim();
    }

    /// <summary>How many requests in a row were answered.</summary>
    private static async Task<int> AskUntilAsync(NodeUnderTest node, string token, CancellationToken stop)
    {
        // Slower than the rate of a caller, so that nothing but the token can be a reason to refuse.
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var count = 0; ; count++)
        {
            if (stop.IsCancellationRequested) return count;
            Assert.Equal(HttpStatusCode.OK, await AskAsync(node, token));
            await pace.WaitForNextTickAsync(Token);
        }
    }

    private static async Task<HttpStatusCode> AskAsync(NodeUnderTest node, string token)
    {
        using var http = new HttpClient { BaseAddress = node.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sandbox/metrics");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await http.SendAsync(request, Token);
        return response.StatusCode;
    }
}
