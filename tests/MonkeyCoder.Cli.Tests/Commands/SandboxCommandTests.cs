using System.Text.Json;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Cli.Tests.Commands;

public sealed class SandboxCommandTests
{
    private const string List =
        """[{"sandboxID":"i1","templateID":"t","alias":"base","startedAt":"2026-01-01T00:00:00Z","endAt":"2026-01-01T00:05:00Z","state":"running","metadata":{"who":"me"}}]""";

    [Fact]
    public async Task Ps_Table_ShowsEachSandbox()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Service.Map("GET /v2/sandboxes", static context => FakeSandboxService.JsonAsync(context, 200, List));

        Assert.Equal(0, await cli.RunAsync("ps"));
        Assert.Contains("i1", cli.Out, StringComparison.Ordinal);
        Assert.Contains("who=me", cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ps_Json_IsAnArray()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Service.Map("GET /v2/sandboxes", static context => FakeSandboxService.JsonAsync(context, 200, List));

        Assert.Equal(0, await cli.RunAsync("ps", "--json"));
        using var json = JsonDocument.Parse(cli.Out);
        Assert.Equal("i1", json.RootElement[0].GetProperty("id").GetString());
    }

    [Fact]
    public async Task Ps_Paused_SaysSoAndShowsNoEnd()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Service.Map("GET /v2/sandboxes", static context => FakeSandboxService.JsonAsync(
            context, 200, List.Replace("running", "paused", StringComparison.Ordinal)));

        Assert.Equal(0, await cli.RunAsync("ps"));
        Assert.Contains("paused", cli.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("0 s", cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PauseAndResume_Named_PrintWhatTheyChanged()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Service.Map("POST /sandboxes/i1/pause", static context => FakeSandboxService.EmptyAsync(context, 204));
        cli.Service.Map("POST /sandboxes/i2/pause", static context => FakeSandboxService.EmptyAsync(context, 409));
        cli.Service.Map("POST /v2/sandboxes/i1/connect", static context => FakeSandboxService.JsonAsync(
            context, 201, """{"sandboxID":"i1","templateID":"base"}"""));

        Assert.Equal(0, await cli.RunAsync("pause", "i1", "i2"));
        Assert.Equal("i1\n", cli.Out);
        Assert.Equal(0, await cli.RunAsync("resume", "i1", "--timeout", "60"));
        Assert.EndsWith("i1\n", cli.Out, StringComparison.Ordinal);
        Assert.Equal("""{"timeout":60}""", cli.Service.Requests.Last().Text);
        Assert.Equal(3, await cli.RunAsync("pause", "inone"));
    }

    [Fact]
    public async Task Kill_Named_ReportsTheOneThatIsGone()
    {
        await using var cli = await CliFixture.CreateAsync();

        Assert.Equal(1, await cli.RunAsync("kill", FakeSandboxService.SandboxId, "inone"));
        Assert.Equal(FakeSandboxService.SandboxId + "\n", cli.Out);
        Assert.Contains("'inone'", cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kill_All_KillsWhatIsListed()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Service.Map("GET /v2/sandboxes", static context => FakeSandboxService.JsonAsync(context, 200, List));
        cli.Service.Map("DELETE /sandboxes/i1", static context => FakeSandboxService.EmptyAsync(context, 204));

        Assert.Equal(0, await cli.RunAsync("kill", "--all"));
        Assert.Equal("i1\n", cli.Out);
    }

    [Theory]
    [InlineData("kill")]
    [InlineData("kill", "i1", "--all")]
    [InlineData("pause")]
    [InlineData("resume", "i1", "--timeout", "0")]
    [InlineData("nonsense")]
    [InlineData("cp", "a", "b")]
    [InlineData("cp", "i1:/a", "i2:/b")]
    [InlineData("cp", "i1:", "b")]
    public async Task AnyCommand_BadCommandLine_Exits2(params string[] args)
    {
        await using var cli = await CliFixture.CreateAsync();

        Assert.Equal(2, await cli.RunAsync(args));
        Assert.NotEmpty(cli.Error);
        Assert.Empty(cli.Service.Requests);
    }

    [Fact]
    public async Task Cp_BothWays_CopiesBytes()
    {
        await using var cli = await CliFixture.CreateAsync();
        MapConnect(cli.Service);
        cli.Service.Map("POST /files", static context => FakeSandboxService.JsonAsync(context, 200, "[]"));
        cli.Service.Map("GET /files", static context => context.Response.Body.WriteAsync("remote"u8.ToArray(), context.RequestAborted).AsTask());
        var local = cli.Write("a.txt", "local");
        var target = Path.Combine(cli.Directory.FullName, "b.txt");

        Assert.Equal(0, await cli.RunAsync("cp", local, FakeSandboxService.SandboxId + ":dir/"));
        Assert.Equal(0, await cli.RunAsync("cp", FakeSandboxService.SandboxId + ":/x", target));
        Assert.Equal(0, await cli.RunAsync("cp", FakeSandboxService.SandboxId + ":/x", "-"));

        var upload = cli.Service.Requests.First(static r => r.Method == "POST" && r.Target.StartsWith("/files", StringComparison.Ordinal));
        Assert.Equal("/files?path=dir%2Fa.txt", upload.Target);
        Assert.Equal("local", upload.Text);
        Assert.Equal("remote", await File.ReadAllTextAsync(target, TestContext.Current.CancellationToken));
        Assert.Equal("remote"u8.ToArray(), cli.OutBytes);
    }

    [Fact]
    public async Task Cp_DownloadFails_LeavesTheOldFile()
    {
        await using var cli = await CliFixture.CreateAsync();
        MapConnect(cli.Service);
        cli.Service.Map("GET /files", static context => FakeSandboxService.JsonAsync(context, 404, """{"code":404,"message":"path '/x' does not exist"}"""));
        var target = cli.Write("old.txt", "old");

        Assert.Equal(3, await cli.RunAsync("cp", FakeSandboxService.SandboxId + ":/x", target));
        Assert.Contains("path '/x' does not exist [not_found]", cli.Error, StringComparison.Ordinal);
        Assert.Equal("old", await File.ReadAllTextAsync(target, TestContext.Current.CancellationToken));
        Assert.Single(cli.Directory.GetFiles());
    }

    [Fact]
    public async Task Logs_Lines_ArePrinted()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Service.Map("GET /sandboxes/i1/logs", static context => FakeSandboxService.JsonAsync(
            context, 200, """{"logs":[{"timestamp":"2026-01-01T00:00:00Z","line":"started"}],"logEntries":[]}"""));

        Assert.Equal(0, await cli.RunAsync("logs", "i1"));
        Assert.Contains("started", cli.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnyCommand_NobodyListens_SaysWhatToDo()
    {
        await using var cli = await CliFixture.CreateAsync();
        cli.Environment["MONKEY_URL"] = "http://127.0.0.1:1";

        Assert.Equal(3, await cli.RunAsync("ps"));
        Assert.Contains("./run", cli.Error, StringComparison.Ordinal);
    }

    private static void MapConnect(FakeSandboxService service) => service.Map(
        $"POST /v2/sandboxes/{FakeSandboxService.SandboxId}/connect",
        static context => FakeSandboxService.JsonAsync(
            context, 200, $$"""{"sandboxID":"{{FakeSandboxService.SandboxId}}","templateID":"base"}"""));
}
