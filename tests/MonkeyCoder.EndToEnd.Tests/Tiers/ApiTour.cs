using MonkeyCoder.Client;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests.Tiers;

/// <summary>What every tier does through the API: cells in all languages, commands, files, limits and ends.</summary>
internal static class ApiTour
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task RunAsync(NodeUnderTest node, bool canPause = true)
    {
        using var client = node.NewClient();
        await using (var sandbox = await client.CreateAsync(null, Token))
        {
            await CellsAsync(sandbox);
            await CommandsAsync(sandbox);
            await FilesAsync(sandbox);
            await PauseAsync(sandbox, canPause);
            Assert.True(await sandbox.KillAsync(Token));
            Assert.False(await sandbox.KillAsync(Token));
        }

        await ExecutionsAsync(client);
        await SandboxesApartAsync(client);
    }

    private static async Task CellsAsync(RemoteSandbox sandbox)
    {
        Assert.Equal("42", (await sandbox.RunCellAsync("x = 41\nx + 1", null, Token)).Text);
        Assert.Equal("42", (await sandbox.RunCellAsync("x + 1", null, Token)).Text);
        var failed = await sandbox.RunCellAsync("1 / 0", null, Token);
        Assert.Equal("ZeroDivisionError", failed.Error!.Name);
        var table = await sandbox.RunCellAsync("import pandas as pd\npd.DataFrame({'a': [1, 2]})", null, Token);
        Assert.Contains("<table", table.Results[0].Html, StringComparison.Ordinal);
        var plot = await sandbox.RunCellAsync("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()", null, Token);
        Assert.StartsWith("iVBOR", plot.Results[0].Png, StringComparison.Ordinal);

        var script = new CellOptions { Language = "javascript" };
        Assert.Null((await sandbox.RunCellAsync("const y = [1, 2, 3]", script, Token)).Error);
        Assert.Equal("6", (await sandbox.RunCellAsync("y.reduce((a, b) => a + b)", script, Token)).Text);
        var shell = new CellOptions { Language = "bash" };
        Assert.Null((await sandbox.RunCellAsync("z=kept", shell, Token)).Error);
        Assert.Equal("kept\n", string.Concat((await sandbox.RunCellAsync("echo $z", shell, Token)).Logs.Stdout));
    }

    private static async Task PauseAsync(RemoteSandbox sandbox, bool canPause)
    {
        if (!canPause)
        {
            Assert.Equal("http_501", (await Assert.ThrowsAsync<SandboxApiException>(() => sandbox.PauseAsync(Token))).Code);
            return;
        }

        Assert.True(await sandbox.PauseAsync(Token));
        Assert.False(await sandbox.IsRunningAsync(Token));
        await sandbox.ResumeAsync(null, Token);
        Assert.Equal("42", (await sandbox.RunCellAsync("x + 1", null, Token)).Text);
    }

    private static async Task CommandsAsync(RemoteSandbox sandbox)
    {
        var result = await sandbox.RunCommandAsync("echo out; echo err >&2; pwd; exit 7", null, Token);
        Assert.Equal((7, "out\n/home/user\n", "err\n"), (result.ExitCode, result.Stdout, result.Stderr));
        var list = await sandbox.RunCommandAsync("touch /home/user/seen && find /home/user -name seen", null, Token);
        Assert.True(list.ExitCode == 0 && list.Stdout.Contains("seen", StringComparison.Ordinal), list.ToString());
        await using var running = await sandbox.StartCommandAsync("sleep 1000", null, Token);
        Assert.Contains(await sandbox.ListProcessesAsync(Token), process => process.Pid == running.Pid);
        Assert.True(await running.KillAsync(Token));
    }

    private static async Task FilesAsync(RemoteSandbox sandbox)
    {
        await sandbox.WriteTextAsync("/home/user/notes/a.txt", "grüße\n", Token);
        Assert.Equal("grüße\n", await sandbox.ReadTextAsync("/home/user/notes/a.txt", Token));
        Assert.Equal("grüße\n", (await sandbox.RunCommandAsync("cat notes/a.txt", null, Token)).Stdout);
        await sandbox.MoveAsync("/home/user/notes/a.txt", "/home/user/notes/b.txt", Token);
        Assert.Equal(["b.txt"], (await sandbox.ListAsync("/home/user/notes", 1, Token)).Select(entry => entry.Name));
        await sandbox.RemoveAsync("/home/user/notes", Token);
        Assert.Null(await sandbox.StatAsync("/home/user/notes", Token));
        await sandbox.WriteTextAsync("/sandbox/volumes/workspace/kept", "volume", Token);
        Assert.Equal("volume", await sandbox.ReadTextAsync("/sandbox/volumes/workspace/kept", Token));
    }

    private static async Task ExecutionsAsync(SandboxClient client)
    {
        foreach (var (language, code) in new[] { ("python", "print(6 * 7)"), ("javascript", "console.log(6 * 7)"), ("bash", "echo $((6 * 7))") })
        {
            var done = await client.ExecuteCodeAsync(code, Guid.CreateVersion7().ToString(), null, new ExecuteCodeOptions { Language = language }, Token);
            Assert.Equal((ExecutionStatus.Completed, "42"), (done.Status, string.Join('\n', done.Logs)));
        }

        var large = await client.ExecuteCodeAsync("x = bytearray(700 << 20)\nimport time\ntime.sleep(100)", Guid.CreateVersion7().ToString(), null, null, Token);
        Assert.Equal((ExecutionStatus.Killed, "memory"), (large.Status, large.Reason));
    }

    private static async Task SandboxesApartAsync(SandboxClient client)
    {
        await using var one = await client.CreateAsync(null, Token);
        await using var other = await client.CreateAsync(null, Token);
        await one.WriteTextAsync("/home/user/secret", "mine", Token);
        Assert.Null(await other.StatAsync("/home/user/secret", Token));
        var found = await other.RunCommandAsync("find / -xdev -name secret -user user 2>/dev/null; kill -9 1; true", null, Token);
        Assert.Equal("", found.Stdout);
        Assert.Equal("2", (await one.RunCellAsync("1 + 1", null, Token)).Text);
    }
}
