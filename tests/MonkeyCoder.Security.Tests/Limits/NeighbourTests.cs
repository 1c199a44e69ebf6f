using MonkeyCoder.Client;
using MonkeyCoder.Security.Tests.Node;

namespace MonkeyCoder.Security.Tests.Limits;

/// <summary>One sandbox burns CPU at its memory limit with a full disk; another one works as if it were alone.</summary>
[Collection(SecurityCollection.Name)]
[Trait("Needs", "root")]
public sealed class NeighbourTests(SecurityNode security)
{
    // A full disk, memory close to its limit, and more processes than its share of the CPU feeds; few enough that it gets to say so.
    private const string Burn = """
        for volume in workspace temp logs; do cat /dev/zero > /sandbox/volumes/$volume/full 2>/dev/null; done
        cat /dev/zero > /home/user/full 2>/dev/null
        exec python3 -c '
        import os
        held = bytearray(b"x") * (380 << 20)
        try:
            for _ in range(8):
                if os.fork() == 0:
                    while True: pass
        except OSError: pass
        print("burning", flush=True)
        while True: held[0] = (held[0] + 1) % 256
        '
        """;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sandbox_BesideOneThatBurns_DoesEverythingAsBefore()
    {
        using var client = security.Node.NewClient();
        await using var burning = await client.CreateAsync(null, Token);
        await using var calm = await client.CreateAsync(null, Token);
        await using var fire = await burning.StartCommandAsync(Burn, new CommandOptions { Timeout = Timeout.InfiniteTimeSpan }, Token);
        await using var output = fire.ReadOutputAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await output.MoveNextAsync());
        Assert.Equal("burning\n", System.Text.Encoding.UTF8.GetString(Assert.IsType<ProcessChunk>(output.Current).Bytes.Span));

        for (var i = 0; i < 20; i++) Assert.Equal($"{i + 1}", (await calm.RunCellAsync($"{i} + 1", null, Token)).Text);
        Assert.Equal("5242880\n", (await calm.RunCommandAsync("head -c 5242880 /dev/zero > big && stat -c %s big", null, Token)).Stdout);
        Assert.Equal("50\n", (await calm.RunCommandAsync("for i in $(seq 50); do sleep 1 & done; jobs -r | wc -l", null, Token)).Stdout);
        await using var fresh = await client.CreateAsync(null, Token);
        Assert.Equal("2", (await fresh.RunCellAsync("1 + 1", null, Token)).Text);
        // Still at work: what was measured was measured beside it.
        Assert.NotEmpty(await burning.ListProcessesAsync(Token));
    }
}
