using System.Globalization;
using MonkeyCoder.Client;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Cli.Output;

/// <summary>Shows what a cell yields: streams as they come, results as text, pictures and documents as files.</summary>
internal sealed class CellPrinter(CliContext context, DirectoryInfo? outputDirectory)
{
    private int _saved;

    /// <summary>Shows one event.</summary>
    /// <returns>False where the code raised.</returns>
    public async Task<bool> PrintAsync(CellEvent cellEvent, CancellationToken cancellationToken)
    {
        switch (cellEvent)
        {
            case CellStdout text:
                await context.Out.WriteAsync(text.Text);
                await context.Out.FlushAsync(cancellationToken);
                break;
            case CellStderr text:
                await context.Error.WriteAsync(text.Text);
                break;
            case CellResult result:
                await PrintAsync(result.Data, cancellationToken);
                break;
            case CellError { Error: var error }:
                await context.Error.WriteLineAsync(error.Traceback is { Length: > 0 } traceback ? traceback : $"{error.Name}: {error.Value}");
                return false;
        }

        return true;
    }

    private async Task PrintAsync(CellResultData result, CancellationToken cancellationToken)
    {
        var files = FilesOf(result).ToArray();
        // The text of a picture is but the name of its type.
        if (result.Text is { } text && files.Length == 0) await context.Out.WriteLineAsync(text);
        foreach (var (extension, bytes) in files)
        {
            if (outputDirectory is null)
            {
                await context.Error.WriteLineAsync($"monkey: the cell made a {extension} of {bytes.Length} bytes; save it with --output-dir DIR.");
                continue;
            }

            outputDirectory.Create();
            var path = Path.Combine(outputDirectory.FullName, string.Create(CultureInfo.InvariantCulture, $"result-{++_saved}.{extension}"));
            await File.WriteAllBytesAsync(path, bytes, cancellationToken);
            await context.Error.WriteLineAsync($"monkey: saved {path}");
        }
    }

    private static IEnumerable<(string Extension, byte[] Bytes)> FilesOf(CellResultData result)
    {
        if (result.Png is { } png) yield return ("png", Convert.FromBase64String(png));
        if (result.Jpeg is { } jpeg) yield return ("jpeg", Convert.FromBase64String(jpeg));
        if (result.Pdf is { } pdf) yield return ("pdf", Convert.FromBase64String(pdf));
        if (result.Svg is { } svg) yield return ("svg", System.Text.Encoding.UTF8.GetBytes(svg));
    }
}
