using System.Net;
using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Sandbox.Tests.Hosting;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Admission;

public sealed class AdmissionTests
{
    private const string Body = """{"code":"1"}""";
    private const string KeepBody = """{"code":"1","keep":true}""";

    [Fact]
    public async Task Execute_OnAHostWithoutMemory_IsRefusedBeforeAnythingStarts()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Host.Memory = new HostMemory(FakeHostCapacity.Gibibyte, 0);

        var response = await node.PostAsync("/sandbox/execute", Body);

        await NodeFixture.AssertProblemAsync(response, 503, "node_at_capacity");
        Assert.Equal("5", response.Headers.GetValues("Retry-After").Single());
        Assert.Empty(node.Engine.Sandboxes);
    }

    [Fact]
    public async Task Execute_OnAFullDisk_IsRefusedAndWhatRunsGoesOn()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Idle();
        Assert.Equal(HttpStatusCode.OK, (await node.PostAsync("/sandbox/execute", KeepBody)).StatusCode);
        var kept = Assert.Single(node.Engine.Sandboxes);
        node.Host.FreeDiskBytes = 0;

        await NodeFixture.AssertProblemAsync(await node.PostAsync("/sandbox/execute", Body), 503, "node_at_capacity");

        Assert.Single(node.Engine.Sandboxes);
        var inside = $$"""{"code":"1","sandbox_id":"{{kept.Id}}"}""";
        Assert.Equal(HttpStatusCode.OK, (await node.PostAsync("/sandbox/execute", inside)).StatusCode);
        node.Host.FreeDiskBytes = FakeHostCapacity.Gibibyte;
        Assert.Equal(HttpStatusCode.OK, (await node.PostAsync("/sandbox/execute", Body)).StatusCode);
    }

    [Fact]
    public async Task Execute_TenantAtItsLimit_Is429AndOthersAreServed()
    {
        await using var node = await NodeFixture.StartAsync("--Sandboxes:MaxSandboxesPerTenant=1");
        node.Agent.Script = cell => cell.Count(1).Idle();
        await node.PostAsync("/sandbox/execute", KeepBody);

        var response = await node.PostAsync("/sandbox/execute", Body);

        await NodeFixture.AssertProblemAsync(response, 429, "too_many_sandboxes");
        Assert.Equal("5", response.Headers.GetValues("Retry-After").Single());
        Assert.Equal(HttpStatusCode.OK, (await node.PostAsync("/sandbox/execute", Body, NodeFixture.Token("e1", "other"))).StatusCode);
    }
}
