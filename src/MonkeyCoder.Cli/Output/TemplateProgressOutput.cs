using MonkeyCoder.Isolation.Templates;
using Spectre.Console;

namespace MonkeyCoder.Cli.Output;

/// <summary>Progress of a build as a bar on a terminal.</summary>
internal sealed class ProgressBarLink(ProgressTask task, string name) : IProgress<TemplateProgress>
{
    private const int MessageWidth = 40;

    public void Report(TemplateProgress value)
    {
        task.IsIndeterminate = value.Percent is null;
        if (value.Percent is { } percent) task.Value = percent;
        var message = value.Message.Length > MessageWidth ? value.Message[..MessageWidth] : value.Message.PadRight(MessageWidth);
        task.Description = Markup.Escape($"template {name}: {message}");
    }
}

/// <summary>Progress of a build as lines, for logs: one for each twentieth.</summary>
internal sealed class ProgressLines(TextWriter output, string name) : IProgress<TemplateProgress>
{
    private const int Step = 5;
    private int _next;

    public void Report(TemplateProgress value)
    {
        if (value.Percent is { } percent && percent < _next) return;
        _next = value.Percent is { } reached ? reached - (reached % Step) + Step : _next;
        output.WriteLine($"    template {name}: {(value.Percent is { } done ? $"{done} %, " : "")}{value.Message}");
    }
}
