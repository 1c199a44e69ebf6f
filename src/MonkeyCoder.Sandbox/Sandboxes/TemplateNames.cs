using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>A template that was asked for.</summary>
/// <param name="Template">Its name at the engine; null: it does not exist.</param>
/// <param name="Problem">A sentence where it does not exist.</param>
internal readonly record struct TemplateLookup(string? Template, string? Problem);

/// <summary>Finds the template that <c>name</c>, <c>namespace/name</c> or <c>name:tag</c> means.</summary>
internal sealed partial class TemplateNames(ISandboxEngine engine, IOptions<SandboxesOptions> options)
{
    private const int MaxLength = 256;
    private const string DefaultTag = "default";

    /// <summary>Templates of this node with their other names.</summary>
    public IReadOnlyList<(string Template, IReadOnlyList<string> Aliases)> All() =>
    [
        .. engine.Templates.Select(template => (template, (IReadOnlyList<string>)
            [template, .. options.Value.TemplateAliases.Where(pair => pair.Value == template).Select(pair => pair.Key)])),
    ];

    /// <summary>Looks it up; names are not case-sensitive.</summary>
    public TemplateLookup Find(string reference)
    {
        var text = reference.Trim().ToLowerInvariant();
        var match = text.Length <= MaxLength ? ReferencePattern().Match(text) : Match.Empty;
        if (!match.Success) return new(null, "template names are made of letters, digits, '-' and '_', with an optional ':tag'");
        var name = match.Groups["name"].Value;
        var template = options.Value.TemplateAliases.GetValueOrDefault(name, name);
        if (match.Groups["namespace"].Success || !engine.Templates.Contains(template, StringComparer.Ordinal))
            return new(null, $"template '{text}' not found");
        var tag = match.Groups["tag"];
        return tag.Success && tag.Value != DefaultTag
            ? new(null, $"tag '{tag.Value}' does not exist for template '{name}'")
            : new(template, null);
    }

    [GeneratedRegex(@"^((?<namespace>[a-z0-9_-]+)/)?(?<name>[a-z0-9_-]+)(:(?<tag>[a-z0-9_.-]+))?\z")]
    private static partial Regex ReferencePattern();
}
