using System.Text.Json;

namespace MonkeyCoder.Bench.Measuring;

/// <summary>Raw data of one run: JSON lines, a header and then samples. Nothing is ever changed in it.</summary>
internal sealed class RunFile : IAsyncDisposable
{
    private readonly StreamWriter _writer;

    private RunFile(string path) => _writer = new StreamWriter(Path = path);

    public string Path { get; private init; }

    public static async Task<RunFile> CreateAsync(string directory, RunHeader header)
    {
        Directory.CreateDirectory(directory);
        var file = new RunFile(System.IO.Path.Combine(directory, header.Run + ".jsonl"));
        await file._writer.WriteLineAsync(JsonSerializer.Serialize(header, SampleJson.Default.RunHeader));
        return file;
    }

    public async Task AddAsync(Sample sample)
    {
        await _writer.WriteLineAsync(JsonSerializer.Serialize(sample, SampleJson.Default.Sample));
        await _writer.FlushAsync();
    }

    /// <summary>The header and samples of a file.</summary>
    public static (RunHeader Header, IReadOnlyList<Sample> Samples) Read(string path)
    {
        var lines = File.ReadAllLines(path);
        var header = JsonSerializer.Deserialize(lines[0], SampleJson.Default.RunHeader) ?? throw new InvalidDataException($"{path} has no header.");
        return (header, [.. lines.Skip(1).Select(static line => JsonSerializer.Deserialize(line, SampleJson.Default.Sample)!)]);
    }

    public ValueTask DisposeAsync() => _writer.DisposeAsync();
}
