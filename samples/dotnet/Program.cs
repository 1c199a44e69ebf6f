// A long-lived sandbox from .NET: cells that share state, a streamed command, and files both ways.
// Needs MONKEY_URL (default http://127.0.0.1:8001) and E2B_API_KEY (./monkey keys create --name sample).
using MonkeyCoder.Client;

using var client = new SandboxClient(new SandboxClientOptions
{
    BaseAddress = new Uri(Environment.GetEnvironmentVariable("MONKEY_URL") ?? "http://127.0.0.1:8001"),
    ApiKey = Environment.GetEnvironmentVariable("E2B_API_KEY"),
});

await using var sandbox = await client.CreateAsync(new SandboxCreateOptions { Timeout = TimeSpan.FromMinutes(2) });
Console.WriteLine($"sandbox {sandbox.Id}");

// Files go in ...
await sandbox.WriteTextAsync("prices.csv", "fruit,price\nbanana,0.25\ncoconut,3.5\n");

// ... cells share variables ...
await sandbox.RunCellAsync("import pandas as pd\nprices = pd.read_csv('prices.csv')");
var total = await sandbox.RunCellAsync("float(prices.price.sum())");
Console.WriteLine($"total {total.Text}");

// ... an error is a result, not an exception ...
var broken = await sandbox.RunCellAsync("prices.nothing");
Console.WriteLine($"error {broken.Error?.Name}");

// ... a command streams its output ...
await using (var process = await sandbox.StartCommandAsync("for i in 1 2 3; do echo line $i; done"))
    await foreach (var output in process.ReadOutputAsync())
        if (output is ProcessChunk chunk) Console.Write(System.Text.Encoding.UTF8.GetString(chunk.Bytes.Span));

// ... and files come out.
await sandbox.RunCellAsync("prices.to_json('prices.json', orient='records')");
Console.WriteLine(await sandbox.ReadTextAsync("prices.json"));
