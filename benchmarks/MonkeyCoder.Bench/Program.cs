using System.CommandLine;
using MonkeyCoder.Bench;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Bench.Reporting;
using MonkeyCoder.Client;

const string Data = "artifacts/bench";
var address = new Uri(Environment.GetEnvironmentVariable("MONKEY_URL") ?? "http://127.0.0.1:8001");
using var client = new SandboxClient(new SandboxClientOptions
{
    BaseAddress = address,
    ApiKey = Environment.GetEnvironmentVariable("E2B_API_KEY"),
});
var benchmarks = Benchmarks.Create(client, address);

var list = new Command("list", "Say what can be measured, and what of it runs here.");
list.SetAction(async (_, cancellationToken) =>
{
    foreach (var benchmark in benchmarks)
    {
        var obstacle = await benchmark.FindObstacleAsync(cancellationToken);
        Console.WriteLine($"{benchmark.Name,-22} {benchmark.Description}{(obstacle is null ? "" : $" [not now: {obstacle}]")}");
    }
});

var names = new Argument<string[]>("NAME") { Description = "What to measure; everything that runs here where nothing is named.", Arity = ArgumentArity.ZeroOrMore };
var count = new Option<int?>("--count", "-n") { Description = "Samples of each." };
var run = new Command("run", "Measure, print a table and keep the raw data.") { names, count };
run.SetAction((parsed, cancellationToken) => BenchRun.RunAsync(
    benchmarks, parsed.GetValue(names) ?? [], parsed.GetValue(count), Data, string.Join(' ', ["./bench", .. args]), cancellationToken));

var into = new Option<FileInfo?>("--into") { Description = "Put it into this document too, between its markers." };
var report = new Command("report", "Make a table and a plot of the latest run.") { into };
report.SetAction(async (parsed, cancellationToken) =>
{
    if (Report.FindLatest(Data) is not { } latest)
    {
        await Console.Error.WriteLineAsync("bench: nothing has been measured yet; './bench run' does it.");
        return 1;
    }

    var (header, samples) = RunFile.Read(latest);
    if (samples.Count == 0)
    {
        await Console.Error.WriteLineAsync($"bench: {latest} has no samples.");
        return 1;
    }

    var table = Report.Table(header, samples);
    var picture = Path.ChangeExtension(latest, ".png");
    RunPlot.Save(picture, samples);
    Console.WriteLine(table);
    Console.WriteLine($"Plot: {picture}");
    if (parsed.GetValue(into) is not { } document) return 0;
    var beside = Path.Combine(document.DirectoryName!, "performance.png");
    File.Copy(picture, beside, overwrite: true);
    try
    {
        await Report.InsertAsync(document.FullName, "figures", table + "\n![share of samples by time](performance.png)", cancellationToken);
        return 0;
    }
    catch (InvalidDataException exception)
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
