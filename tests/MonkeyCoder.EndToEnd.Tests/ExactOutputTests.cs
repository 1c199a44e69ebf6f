using System.Security.Cryptography;
using System.Text;
using MonkeyCoder.Client;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests;

/// <summary>Either every byte arrives, or the response says that it was cut and where.</summary>
[Collection(NodeCollection.Name)]
public sealed class ExactOutputTests(NodeUnderTest node)
{
    private const int Mebibyte = 1024 * 1024;

    [Fact]
    public async Task Command_HundredMegabytesOfBytes_ArriveUnchanged()
    {
        using var client = node.NewClient();
        await using var sandbox = await client.CreateAsync(null, TestContext.Current.CancellationToken);
        using var seen = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var count = 0L;
        var before = node.ResidentBytes();
        var result = await sandbox.RunCommandAsync(
            "head -c 100000000 /dev/urandom > /home/user/noise && cat /home/user/noise && sha256sum < /home/user/noise >&2",
            new CommandOptions
            {
                Timeout = TimeSpan.FromMinutes(4),
                OnStdout = bytes =>
                {
                    seen.AppendData(bytes.Span);
                    count += bytes.Length;
                },
            },
            TestContext.Current.CancellationToken);

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(100_000_000, count);
        Assert.StartsWith(Convert.ToHexStringLower(seen.GetHashAndReset()), result.Stderr, StringComparison.Ordinal);
        Assert.True(node.ResidentBytes() - before < 64 * Mebibyte, $"the service grew by {node.ResidentBytes() - before} bytes");
    }

    [Fact]
    public async Task Cell_OneLineOfAMegabyte_IsOnePiecewiseWholeLine()
    {
        using var client = node.NewClient();
        await using var sandbox = await client.CreateAsync(null, TestContext.Current.CancellationToken);
        var result = await sandbox.RunCellAsync("print('é' * 1_000_000)", null, TestContext.Current.CancellationToken);
        Assert.Equal(new string('é', 1_000_000) + "\n", string.Concat(result.Logs.Stdout));
    }

    [Fact]
    public async Task Cell_CharactersWrittenInHalves_ArriveWhole()
    {
        using var client = node.NewClient();
        await using var sandbox = await client.CreateAsync(null, TestContext.Current.CancellationToken);
        const string Code = """
            import os, time
            for byte in "grün ✓ 猫".encode():
                os.write(1, bytes([byte]))
                time.sleep(0.01)
            """;
        var result = await sandbox.RunCellAsync(Code, null, TestContext.Current.CancellationToken);
        Assert.Equal("grün ✓ 猫", string.Concat(result.Logs.Stdout));
    }

    [Fact]
    public async Task Execute_OutputOverTheLimit_SaysWhereItWasCut()
    {
        using var client = node.NewClient();
        var response = await client.ExecuteCodeAsync(
            "import sys\nfor _ in range(30):\n    sys.stdout.write('x' * 1_000_000)\nprint()",
            "cut", TimeSpan.FromSeconds(60), null, TestContext.Current.CancellationToken);
        var kept = response.Result!.Logs.Stdout.Sum(static piece => (long)Encoding.UTF8.GetByteCount(piece));
        var cut = Assert.Single(response.Result.Logs.Truncated!);
        Assert.Equal("stdout", cut.Stream);
        Assert.Equal(kept, cut.OffsetBytes);
        Assert.Equal(30_000_001 - kept, cut.DroppedBytes);
    }

    [Fact]
    public async Task SlowReader_StopsItsOwnSandbox_NotTheService()
    {
        using var client = node.NewClient();
        await using var sandbox = await client.CreateAsync(null, TestContext.Current.CancellationToken);
        await using var other = await client.CreateAsync(null, TestContext.Current.CancellationToken);
        var before = node.ResidentBytes();
        var reads = new TaskCompletionSource();
        var first = new TaskCompletionSource();
        await using var process = await sandbox.StartCommandAsync(
            "yes | tee /dev/null", new CommandOptions { Timeout = TimeSpan.FromMinutes(2) }, TestContext.Current.CancellationToken);
        var reading = Task.Run(async () =>
        {
            await foreach (var output in process.ReadOutputAsync(TestContext.Current.CancellationToken))
            {
                first.TrySetResult();
                await reads.Task;
                break;
            }
        }, TestContext.Current.CancellationToken);
        await first.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        // The reader stands still; everybody else goes on, and what nobody reads is nowhere kept.
        for (var i = 0; i < 20; i++)
        {
            var result = await other.RunCellAsync($"{i} + 1", null, TestContext.Current.CancellationToken);
            Assert.Equal($"{i + 1}", result.Text);
        }

        Assert.True(node.ResidentBytes() - before < 64 * Mebibyte, $"the service grew by {node.ResidentBytes() - before} bytes");
        reads.SetResult();
        await reading;
    }

    [Fact]
    public async Task Files_HundredMegabytes_BothWaysByHashWithMemoryFlat()
    {
        using var client = node.NewClient();
        await using var sandbox = await client.CreateAsync(null, TestContext.Current.CancellationToken);
        var content = new byte[100_000_000];
        Random.Shared.NextBytes(content);
        var before = node.ResidentBytes();
        await sandbox.WriteFileAsync("/home/user/blob", new MemoryStream(content), null, TestContext.Current.CancellationToken);
        await using var download = await sandbox.ReadFileAsync("/home/user/blob", null, TestContext.Current.CancellationToken);
        var hash = await SHA256.HashDataAsync(download, TestContext.Current.CancellationToken);
        Assert.Equal(SHA256.HashData(content), hash);
        Assert.True(node.ResidentBytes() - before < 64 * Mebibyte, $"the service grew by {node.ResidentBytes() - before} bytes");
    }
}
