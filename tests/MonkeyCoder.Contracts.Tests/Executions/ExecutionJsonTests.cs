using System.Text.Json;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Contracts.Tests.Executions;

/// <summary>The wire form of each record, word for word: a change here is a change of the API.</summary>
public sealed class ExecutionJsonTests
{
    [Fact]
    public void ExecuteRequest_AllFields_AreRead()
    {
        const string json = """
            {"sandbox_type":"code","action":"execute","code":"1","language":"python","timeout":1.5,"metadata":{"a":[1]},
             "sandbox_id":"i1","keep":true,"execution_id":"e1"}
            """;

        var request = JsonSerializer.Deserialize(json, ExecutionJson.Default.ExecuteRequest)!;

        Assert.Equal("code", request.SandboxType);
        Assert.Equal("execute", request.Action);
        Assert.Equal("1", request.Code);
        Assert.Equal("python", request.Language);
        Assert.Equal(1.5, request.Timeout);
        Assert.Equal(JsonValueKind.Array, request.Metadata!["a"].ValueKind);
        Assert.Equal("i1", request.SandboxId);
        Assert.True(request.Keep);
        Assert.Equal("e1", request.ExecutionId);
        Assert.Null(request.Unknown);
    }

    [Fact]
    public void ExecuteRequest_OnlyWhatIsSet_IsWritten() => Assert.Equal(
        """{"code":"1"}""", JsonSerializer.Serialize(new ExecuteRequest { Code = "1" }, ExecutionJson.Default.ExecuteRequest));

    [Fact]
    public void ExecuteResponse_Completed_IsWritten()
    {
        var response = new ExecuteResponse(
            "e1",
            ExecutionStatus.Completed,
            new ExecutionResult(
                [new CellResultData { IsMainResult = true, Text = "2", Chart = Json("""{"title":null}""") }],
                new ExecutionLogs(["hello\n"], []), Error: null, ExecutionCount: 1),
            ["hello"],
            0.25,
            new ResourceUsage(0.25, 0.125, 1024, 0, 0));

        Assert.Equal(
            """{"execution_id":"e1","status":"completed","result":{"results":[{"is_main_result":true,"text":"2","chart":{"title":null}}],"logs":{"stdout":["hello\n"],"stderr":[]},"error":null,"execution_count":1},"logs":["hello"],"execution_time":0.25,"resource_usage":{"wall_seconds":0.25,"cpu_seconds":0.125,"peak_memory_bytes":1024,"disk_written_bytes":0,"network_bytes":0}}""",
            JsonSerializer.Serialize(response, ExecutionJson.Default.ExecuteResponse));
    }

    [Fact]
    public void ExecuteResponse_KilledAndCut_IsWritten()
    {
        var response = new ExecuteResponse(
            "e1",
            ExecutionStatus.Killed,
            new ExecutionResult(
                [],
                new ExecutionLogs([], []) { Truncated = [new OutputCut("stdout", "output_limit", 10, 5)] },
                new ExecutionError("LimitReached", "v", "t"), ExecutionCount: 0),
            [],
            1,
            new ResourceUsage(1, 0, 0, 0, 0))
        {
            Reason = "memory",
            SandboxId = "i1",
        };

        Assert.Equal(
            """{"execution_id":"e1","status":"killed","result":{"results":[],"logs":{"stdout":[],"stderr":[],"truncated":[{"stream":"stdout","reason":"output_limit","offset_bytes":10,"dropped_bytes":5}]},"error":{"name":"LimitReached","value":"v","traceback":"t"},"execution_count":0},"logs":[],"execution_time":1,"resource_usage":{"wall_seconds":1,"cpu_seconds":0,"peak_memory_bytes":0,"disk_written_bytes":0,"network_bytes":0},"reason":"memory","sandbox_id":"i1"}""",
            JsonSerializer.Serialize(response, ExecutionJson.Default.ExecuteResponse));
    }

    [Fact]
    public void NodeMessages_AreWritten()
    {
        Assert.Equal(
            """{"removed":1,"remaining":2}""",
            JsonSerializer.Serialize(new CleanupResponse(1, 2), ExecutionJson.Default.CleanupResponse));
        Assert.Equal(
            """{"status":"ok","version":"0.1.0","sandboxes":1,"pooled":2,"templates":["base"],"tier":"container","zygotes":1}""",
            JsonSerializer.Serialize(new HealthResponse("ok", "0.1.0", 1, 2, ["base"], "container", null, 1), ExecutionJson.Default.HealthResponse));
        Assert.Equal(
            """{"uptime_seconds":1.5,"sandboxes":{"live":1,"kept":1,"pooled":2,"paused":1},"executions":{"running":0,"completed":1,"failed":2,"timeout":3,"killed":4,"cancelled":5},"usage":{"memory_bytes":1,"cpu_percent":0.5,"disk_bytes":2,"processes":3}}""",
            JsonSerializer.Serialize(
                new NodeMetricsResponse(
                    1.5, new NodeSandboxes(1, 1, 2, 1), new NodeExecutions(0, 1, 2, 3, 4, 5), new NodeUsage(1, 0.5, 2, 3)),
                ExecutionJson.Default.NodeMetricsResponse));
    }

    private static JsonElement Json(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
