using System.CommandLine;
using MonkeyCoder.Bench;
using MonkeyCoder.Bench.Reporting;
using MonkeyCoder.Bench.Service;
using MonkeyCoder.Client;

const string Data = "artifacts/bench";
var service = new Uri(Environment.GetEnvironmentVariable("MONKEY_URL") ?? "http://127.0.0.1:8001");
var key = Environment.GetEnvironmentVariable("E2B_API_KEY");
using var client = new SandboxClient(new SandboxClientOptions { BaseAddress = service, ApiKey = key });
using var http = new HttpClient { BaseAddress = service };
http.DefaultRequestHeaders.Add("X-API-KEY", key);
await using var crowd = new Crowd(new Node(client));
var benchmarks = Benchmarks.Create(client, http, crowd, Environment.GetEnvironmentVariable("BENCH_OPENED_RANGE"));

var list = new Command("list", "Say what can be measured, and what of it runs here.");
list.SetAction(async (_, cancellationToken) =>
{
    foreach (var benchmark in benchmarks)
    {
        var obstacle = await benchmark.FindObstacleAsync(cancellationToken);
        Console.WriteLine($"{benchmark.Name,-32} {benchmark.Description}{(obstacle is null or Node.DoesNotRun ? "" : $" [not now: {obstacle}]")}");
    }
});

var names = new Argument<string[]>("NAME") { Description = "What to measure; everything that runs here where nothing is named.", Arity = ArgumentArity.ZeroOrMore };
var count = new Option<int?>("--count", "-n") { Description = "Samples of each." };
var run = new Command("run", "Measure, print a table and keep the raw data.") { names, count };
run.SetAction((parsed, cancellationToken) => BenchRun.RunAsync(
    benchmarks, parsed.GetValue(names) ?? [], parsed.GetValue(count), Data, string.Join(' ', ["./bench", .. args]), cancellationToken));

var into = new Option<FileInfo?>("--into") { Description = "Put it into this document too, between its markers, with the plots beside it." };
var files = new Argument<string[]>("FILE") { Description = "Raw data; the latest run where none is named. Of a benchmark in several, the last counts.", Arity = ArgumentArity.ZeroOrMore };
var report = new Command("report", "Make tables and plots of runs.") { files, into };
report.SetAction(async (parsed, cancellationToken) =>
{
    try
    {
        return await Report.RunAsync(parsed.GetValue(files) ?? [], Data, parsed.GetValue(into), cancellationToken);
    }
    catch (Exception exception) when (exception is InvalidDataException or IOException)
    {
        await Console.Error.WriteLineAsync("bench: " + exception.Message);
        return 1;
    }
});

var before = new Option<string[]>("--before") { Description = "Raw data of the commit before.", AllowMultipleArgumentsPerToken = true, Required = true };
var after = new Option<string[]>("--after") { Description = "Raw data of the commit after.", AllowMultipleArgumentsPerToken = true, Required = true };
var compare = new Command("compare", "Set the runs of two commits side by side.") { before, after, into };
compare.SetAction(async (parsed, cancellationToken) =>
{
    try
    {
        var table = Comparison.Table(parsed.GetRequiredValue(before), parsed.GetRequiredValue(after));
        Console.WriteLine(table);
        if (parsed.GetValue(into) is { } document) await Report.InsertAsync(document.FullName, "comparison", table, cancellationToken);
        return 0;
    }
    catch (Exception exception) when (exception is InvalidDataException or IOException)
    {
        await Console.Error.WriteLineAsync("bench: " + exception.Message);
        return 1;
    }
});

return await new RootCommand("Measures the sandbox service and its peers, side by side.") { list, run, report, compare }.Parse(args).InvokeAsync();
