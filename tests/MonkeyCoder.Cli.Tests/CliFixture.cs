using MonkeyCoder.Testing;
using Spectre.Console;

namespace MonkeyCoder.Cli.Tests;

/// <summary>A command line with captured streams, an environment of its own, a temporary directory and a fake service.</summary>
internal sealed class CliFixture : IAsyncDisposable
{
    public const string Key = "e2b_0123456789abcdef0123456789abcdef01234567";

    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();
    private readonly MemoryStream _bytes = new();

    private CliFixture(FakeSandboxService service) => Service = service;

    public FakeSandboxService Service { get; }

    public Dictionary<string, string> Environment { get; } = [];

    public DirectoryInfo Directory { get; } = System.IO.Directory.CreateTempSubdirectory("monkey-cli-");

    public byte[] Input { get; set; } = [];

    public string Out => _out.ToString();

    public string Error => _error.ToString();

    public byte[] OutBytes => _bytes.ToArray();

    public static async Task<CliFixture> CreateAsync()
    {
        var fixture = new CliFixture(await FakeSandboxService.StartAsync());
        fixture.Environment["MONKEY_URL"] = fixture.Service.Address.AbsoluteUri;
        fixture.Environment["E2B_API_KEY"] = Key;
        fixture.Environment["MONKEY_STATE_DIR"] = fixture.Directory.FullName;
        return fixture;
    }

    public Task<int> RunAsync(params string[] args)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_out), Interactive = InteractionSupport.No });
        console.Profile.Width = 200;
        var context = new CliContext
        {
            Out = _out,
            Error = _error,
            OpenOutput = () => _bytes,
            OpenInput = () => new MemoryStream(Input),
            Environment = name => Environment.GetValueOrDefault(name),
            Time = TimeProvider.System,
            Tables = console,
            Progress = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_error), Interactive = InteractionSupport.No }),
        };
        return MonkeyCli.RunAsync(args, context, TestContext.Current.CancellationToken);
    }

    /// <summary>Writes a file into the temporary directory.</summary>
    public string Write(string name, string content)
    {
        var path = Path.Combine(Directory.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    public async ValueTask DisposeAsync()
    {
        await _out.DisposeAsync();
        await _error.DisposeAsync();
        await _bytes.DisposeAsync();
        Directory.Delete(recursive: true);
        await Service.DisposeAsync();
    }
}
