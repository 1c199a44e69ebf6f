using System.Text.Json;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Cli.Tests.Commands;

public sealed class RunCommandTests
{
    private static readonly byte[] Png = [0x89, 0x50, 0x4e, 0x47];

    [Fact]
    public async Task Run_PythonFile_StreamsOutputSavesPicturesAndKills()
    {
        await using var cli = await CliFixture.CreateAsync();
        MapCell(cli.Service,
            """{"type":"stdout","text":"hello\n","timestamp":""}""",
            """{"type":"stderr","text":"careful\n","timestamp":""}""",
            $$"""{"type":"result","is_main_result":false,"text":"<Figure>","png":"{{Convert.ToBase64String(Png)}}"}""",
            """{"type":"result","is_main_result":true,"text":"   a\n0  1"}""");
        var output = Path.Combine(cli.Directory.FullName, "out");

        var exitCode = await cli.RunAsync("run", cli.Write("cell.py", "print(1)"), "--output-dir", output, "--timings");

        Assert.Equal(0, exitCode);
        Assert.Equal("hello\n   a\n0  1\n", cli.Out);
        Assert.Contains("careful", cli.Error, StringComparison.Ordinal);
        Assert.Contains("sandbox ready in", cli.Error, StringComparison.Ordinal);
        Assert.Equal(Png, await File.ReadAllBytesAsync(Path.Combine(output, "result-1.png"), TestContext.Current.CancellationToken));
        var requests = cli.Service.Requests.ToArray();
        Assert.Equal(["POST /v2/sandboxes", "POST /execute", $"DELETE /sandboxes/{FakeSandboxService.SandboxId}"], requests.Select(static r => $"{r.Method} {r.Target}"));
        Assert.Equal("""{"code":"print(1)","language":"python"}""", requests[1].Text);
        Assert.Equal(CliFixture.Key, requests[0].Headers["X-API-KEY"]);
    }

    [Fact]
    public async Task Run_CodeRaises_PrintsTracebackExits1AndKills()
    {
        await using var cli = await CliFixture.CreateAsync();
        MapCell(cli.Service, """{"type":"error","name":"ValueError","value":"no","traceback":"Traceback: ValueError: no"}""");
        cli.Input = "raise ValueError('no')"u8.ToArray();

        Assert.Equal(1, await cli.RunAsync("run", "-"));
        Assert.Contains("Traceback: ValueError: no", cli.Error, StringComparison.Ordinal);
        Assert.Equal("DELETE", cli.Service.Requests.Last().Method);
    }

    [Theory]
    [InlineData("x.js", null, "javascript")]
    [InlineData("x.ts", null, "typescript")]
    [InlineData("x.sh", null, "bash")]
    [InlineData("x.txt", "python", "python")]
    public async Task Run_Language_ComesFromNameOrOption(string name, string? option, string expected)
    {
        await using var cli = await CliFixture.CreateAsync();
        MapCell(cli.Service);
        string[] args = ["run", cli.Write(name, "x"), .. option is null ? Array.Empty<string>() : ["--language", option]];

        Assert.Equal(0, await cli.RunAsync(args));
        using var body = JsonDocument.Parse(cli.Service.Requests.First(static r => r.Target == "/execute").Text);
        Assert.Equal(expected, body.RootElement.GetProperty("language").GetString());
    }

    [Fact]
    public async Task Run_UnknownExtensionOrNoFile_IsUsage()
    {
        await using var cli = await CliFixture.CreateAsync();

        Assert.Equal(2, await cli.RunAsync("run", cli.Write("x.txt", "x")));
        Assert.Equal(2, await cli.RunAsync("run", "missing.py"));
        Assert.Equal(2, await cli.RunAsync("run", "missing.py", "--timeout", "0"));
        Assert.Empty(cli.Service.Requests);
    }

    [Fact]
    public async Task Run_Keep_LeavesTheSandboxAndNamesIt()
    {
        await using var cli = await CliFixture.CreateAsync();
        MapCell(cli.Service);

        Assert.Equal(0, await cli.RunAsync("run", cli.Write("x.py", ""), "--keep"));
        Assert.Contains(FakeSandboxService.SandboxId, cli.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(cli.Service.Requests, static r => r.Method == "DELETE");
    }

    private static void MapCell(FakeSandboxService service, params string[] lines) => service.Map("POST /execute", async context =>
    {
        foreach (var line in lines) await FakeSandboxService.LineAsync(context, line);
        await FakeSandboxService.LineAsync(context, """{"type":"end_of_execution"}""");
    });
}
