using System.Text;
using System.Text.Json;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Tests.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Zygotes;

/// <summary>A running engine whose zygote is ready. Disposing it fails when anything is left.</summary>
public sealed class ZygoteFixture : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private EngineFixture? _engine;

    public EngineFixture Engine => _engine ?? throw new InvalidOperationException("The fixture has not been started.");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _engine = await EngineFixture.StartAsync(options => options.Zygote = true);
        // The first sandbox of a template asks for its zygote.
        await using var sandbox = await _engine.AcquireAsync(SandboxProfile.Strict);
        await AwaitReadyAsync();
    }

    public async ValueTask DisposeAsync() => await Engine.DisposeAsync();

    /// <summary>Waits until kernels can be forked.</summary>
    public async Task AwaitReadyAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (Engine.Engine.Zygotes.Ready == 0) await Task.Delay(TimeSpan.FromMilliseconds(10), deadline.Token);
    }

    /// <summary>Opens a Python kernel through the engine's client: forked.</summary>
    internal async Task OpenForkedAsync(ISandbox sandbox, string context = "forked")
    {
        var before = Engine.Engine.Zygotes.Forks;
        await sandbox.Agent.OpenKernelAsync(new KernelOpenRequest(context, "python", null, null), Token);
        Assert.Equal(before + 1, Engine.Engine.Zygotes.Forks);
    }

    /// <summary>Opens a Python kernel as nodes without a zygote do: started by the agent.</summary>
    internal async Task OpenStartedAsync(ISandbox sandbox, string context = "started") => await AgentClient.ForUnixSocket(Engine.Paths.AgentSocket(sandbox.Id))
        .OpenKernelAsync(new KernelOpenRequest(context, "python", null, null), Token);

    /// <summary>What a cell writes to stdout. An error in it is the end of the test.</summary>
    internal static async Task<string> RunAsync(ISandbox sandbox, string context, string code)
    {
        await using var cell = await sandbox.Agent.ExecuteAsync(new KernelExecuteRequest(context, code, new Dictionary<string, string>()), Token);
        var output = new StringBuilder();
        await foreach (var piece in cell.ReadAllAsync(Token))
        {
            if (piece is CellChunk chunk) output.Append(Encoding.UTF8.GetString(chunk.Bytes.Span));
            else if (piece is CellMessage { Kind: "error" } error) Assert.Fail(JsonDocument.Parse(error.Body).RootElement.GetProperty("traceback").GetString());
            else if (piece is CellKernelDied died) Assert.Fail($"The kernel died: {died}");
        }

        return output.ToString();
    }
}
