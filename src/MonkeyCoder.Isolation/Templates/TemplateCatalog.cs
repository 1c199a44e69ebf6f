using System.Text.Json;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Templates;

/// <summary>Recipes this node has, and what is built of them.</summary>
public sealed class TemplateCatalog
{
    /// <summary>File beside a root filesystem that says it is whole.</summary>
    internal const string MarkerName = "template.json";

    /// <summary>Directory of the root filesystem within a built template.</summary>
    internal const string RootName = "rootfs";

    private readonly Dictionary<string, TemplateRecipe> _recipes;

    private TemplateCatalog(string builtDirectory, IEnumerable<TemplateRecipe> recipes)
    {
        BuiltDirectory = builtDirectory;
        _recipes = recipes.ToDictionary(recipe => recipe.Name, StringComparer.Ordinal);
    }

    /// <summary>Names of the recipes, sorted.</summary>
    public IReadOnlyList<string> Names => [.. _recipes.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Directory of the built templates: <c>CACHE/templates</c>.</summary>
    internal string BuiltDirectory { get; }

    /// <summary>Reads the recipes.</summary>
    /// <exception cref="TemplateBuildException">No directory with recipes, or a recipe is malformed.</exception>
    public static TemplateCatalog Open(TemplateSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var directory = FindTemplatesDirectory(settings);
        var recipes = Directory.EnumerateDirectories(directory)
            .Where(path => File.Exists(Path.Combine(path, TemplateRecipe.FileName)))
            .Select(TemplateRecipe.Load);
        return new TemplateCatalog(Path.Combine(Path.GetFullPath(settings.CacheDirectory), "templates"), recipes);
    }

    /// <summary>The recipe of that name.</summary>
    /// <exception cref="UnknownTemplateException">No such recipe.</exception>
    public TemplateRecipe GetRecipe(string name) =>
        _recipes.TryGetValue(name, out var recipe) ? recipe : throw new UnknownTemplateException(name);

    /// <summary>The template as its recipe is now; null where that is not built.</summary>
    /// <exception cref="UnknownTemplateException">No such recipe.</exception>
    public Template? TryGetBuilt(string name) => ReadBuilt(BuiltPath(GetRecipe(name)));

    /// <summary>Everything built, older versions included, sorted by name and version.</summary>
    public IReadOnlyList<Template> ListBuilt() => !Directory.Exists(BuiltDirectory)
        ? []
        :
        [
            .. Directory.EnumerateDirectories(BuiltDirectory)
                .Select(ReadBuilt)
                .OfType<Template>()
                .OrderBy(template => template.Name, StringComparer.Ordinal)
                .ThenBy(template => template.Version, StringComparer.Ordinal),
        ];

    /// <summary>Directory that a recipe's template is built to.</summary>
    internal string BuiltPath(TemplateRecipe recipe) => Path.Combine(BuiltDirectory, $"{recipe.Name}-{recipe.Version}");

    /// <summary>The templates' directory of the settings, or the nearest one at or above the program.</summary>
    /// <exception cref="TemplateBuildException">There is none.</exception>
    internal static string FindTemplatesDirectory(TemplateSettings settings)
    {
        if (settings.TemplatesDirectory is { } given)
            return Directory.Exists(given) ? Path.GetFullPath(given) : throw new TemplateBuildException($"There is no templates directory {given}.");
        return ProgramFiles.FindUpwards("templates", HoldsRecipes)
            ?? throw new TemplateBuildException($"There is no directory with template recipes at or above {AppContext.BaseDirectory}.");
    }

    private static bool HoldsRecipes(string directory) =>
        Directory.Exists(directory)
        && Directory.EnumerateDirectories(directory).Any(path => File.Exists(Path.Combine(path, TemplateRecipe.FileName)));

    private static Template? ReadBuilt(string path)
    {
        var file = Path.Combine(path, MarkerName);
        if (!File.Exists(file)) return null;
        try
        {
            var marker = JsonSerializer.Deserialize(File.ReadAllBytes(file), TemplateRecipeJson.Default.TemplateMarker);
            return marker is null ? null : new Template(marker.Name, marker.Version, Path.Combine(path, RootName), marker.SizeBytes);
        }
        catch (JsonException)
        {
            // Not written by us: as good as not built.
            return null;
        }
    }
}

/// <summary>Content of the marker beside a built root filesystem.</summary>
internal sealed record TemplateMarker(string Name, string Version, long SizeBytes);
