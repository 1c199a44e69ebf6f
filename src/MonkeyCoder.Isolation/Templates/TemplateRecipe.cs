using System.Text.Json;
using System.Text.Json.Serialization;

namespace MonkeyCoder.Isolation.Templates;

/// <summary>
/// What a template is made from: <c>TEMPLATES/NAME/recipe.json</c>, the executable <c>hooks/STAGE-NN-WHAT</c> that run on the host
/// with the new root as their argument (stages of mmdebstrap(1): setup, extract, essential, customize; in order of their
/// names), and the files those use.
/// </summary>
/// <remarks>The directory <c>kernels</c> is no part of it: it belongs to the <see cref="RuntimeLayer"/>.</remarks>
public sealed class TemplateRecipe
{
    /// <summary>File that makes a directory a recipe.</summary>
    internal const string FileName = "recipe.json";

    /// <summary>Directory of a recipe that is left out of the template.</summary>
    internal const string KernelsDirectory = "kernels";

    // Changes whenever the same recipe would give another result.
    private const string BuilderVersion = "1";
    private const int VersionLength = 12;

    private TemplateRecipe(string name, string directory, TemplateRecipeDocument document)
    {
        Name = name;
        SourceDirectory = directory;
        Document = document;
        Files = ContentHash.ListFiles(directory, exclude: KernelsDirectory);
        Version = ContentHash.Compute(directory, Files, BuilderVersion)[..VersionLength];
    }

    /// <summary>Name of its directory.</summary>
    public string Name { get; }

    /// <summary>Its directory.</summary>
    public string SourceDirectory { get; }

    /// <summary>First 12 hex digits of the hash of everything that decides the result.</summary>
    public string Version { get; }

    internal TemplateRecipeDocument Document { get; }

    /// <summary>Its files, relative, sorted.</summary>
    internal IReadOnlyList<string> Files { get; }

    /// <summary>Reads a recipe.</summary>
    /// <exception cref="TemplateBuildException">Missing or malformed.</exception>
    internal static TemplateRecipe Load(string directory)
    {
        var file = Path.Combine(directory, FileName);
        try
        {
            var document = JsonSerializer.Deserialize(File.ReadAllBytes(file), TemplateRecipeJson.Default.TemplateRecipeDocument)
                ?? throw new TemplateBuildException($"The recipe {file} is empty.");
            return new TemplateRecipe(Path.GetFileName(directory), directory, document);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new TemplateBuildException($"The recipe {file} cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>Content of <c>recipe.json</c>.</summary>
/// <param name="Suite">Debian suite, e.g. <c>bookworm</c>.</param>
/// <param name="Packages">Packages besides the essential ones; what they only recommend is not installed.</param>
/// <param name="PathExclude">Patterns of paths that dpkg leaves out, then and later (dpkg(1), --path-exclude).</param>
/// <param name="PathInclude">Exceptions from those.</param>
internal sealed record TemplateRecipeDocument(
    string Suite, IReadOnlyList<string> Packages, IReadOnlyList<string> PathExclude, IReadOnlyList<string> PathInclude);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TemplateRecipeDocument))]
[JsonSerializable(typeof(TemplateMarker))]
internal sealed partial class TemplateRecipeJson : JsonSerializerContext;
