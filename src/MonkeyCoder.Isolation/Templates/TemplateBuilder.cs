using System.Text.Json;

namespace MonkeyCoder.Isolation.Templates;

/// <summary>Builds templates from their recipes, once for each version of a recipe.</summary>
/// <remarks>
/// A build goes on in <c>CACHE/templates/.build-NAME</c> and is renamed to <c>CACHE/templates/NAME-VERSION</c> when it is whole, so
/// what has that name can be used. The lock file beside it lets one process build at a time; its owner removes what
/// a killed one left. The log of the last build stays in <c>CACHE/templates/NAME.log</c>.
/// </remarks>
public sealed class TemplateBuilder
{
    private const int LogTailLines = 3;

    private readonly TemplateCatalog _catalog;
    private readonly IBootstrap _bootstrap;
    private readonly TimeProvider _time;

    /// <summary>A builder for the recipes of a catalog.</summary>
    public TemplateBuilder(TemplateCatalog catalog)
        : this(catalog, new MmdebstrapBootstrap(), TimeProvider.System)
    {
    }

    internal TemplateBuilder(TemplateCatalog catalog, IBootstrap bootstrap, TimeProvider time)
    {
        _catalog = catalog;
        _bootstrap = bootstrap;
        _time = time;
    }

    /// <summary>The template as its recipe is now; built if it is not there yet, which takes one to three minutes.</summary>
    /// <param name="name">Name of the recipe.</param>
    /// <param name="progress">Told about every step; may be null.</param>
    /// <param name="cancellationToken">Stops the build and removes what it made.</param>
    /// <exception cref="MonkeyCoder.Isolation.Sandboxes.UnknownTemplateException">No such recipe.</exception>
    /// <exception cref="TemplateBuildException">It cannot be built here.</exception>
    public async Task<Template> BuildAsync(string name, IProgress<TemplateProgress>? progress, CancellationToken cancellationToken)
    {
        var recipe = _catalog.GetRecipe(name);
        if (_catalog.TryGetBuilt(name) is { } ready) return Done(ready, progress);
        try
        {
            Directory.CreateDirectory(_catalog.BuiltDirectory);
            var lockFile = Path.Combine(_catalog.BuiltDirectory, $"{name}.lock");
            using var held = await BuildLock.AcquireAsync(lockFile, () => ReportWait(name, progress), _time, cancellationToken);
            if (_catalog.TryGetBuilt(name) is { } meanwhile) return Done(meanwhile, progress);
            return Done(await BuildLockedAsync(recipe, progress, cancellationToken), progress);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TemplateBuildException($"Template '{name}' cannot be built in {_catalog.BuiltDirectory}: {e.Message}", e);
        }
    }

    private async Task<Template> BuildLockedAsync(
        TemplateRecipe recipe, IProgress<TemplateProgress>? progress, CancellationToken cancellationToken)
    {
        var work = Path.Combine(_catalog.BuiltDirectory, $".build-{recipe.Name}");
        RemoveTree(work);
        try
        {
            var rootPath = Path.Combine(work, TemplateCatalog.RootName);
            Directory.CreateDirectory(work);
            var copy = CopyRecipe(recipe, Path.Combine(work, "recipe"));
            await BootstrapAsync(recipe, copy, rootPath, progress, cancellationToken);
            progress?.Report(new TemplateProgress(TemplatePhase.Finishing, "measuring", 98));
            return Publish(recipe, work, rootPath);
        }
        finally
        {
            RemoveTree(work);
        }
    }

    private async Task BootstrapAsync(
        TemplateRecipe recipe, string copy, string rootPath, IProgress<TemplateProgress>? progress, CancellationToken cancellationToken)
    {
        var logFile = Path.Combine(_catalog.BuiltDirectory, $"{recipe.Name}.log");
        var reader = new BootstrapProgress(recipe.Files.Count(file => file.StartsWith("hooks/customize-", StringComparison.Ordinal)));
        var tail = new Queue<string>();
        int exitCode;
        await using (var log = new StreamWriter(logFile, append: false))
        {
            exitCode = await _bootstrap.RunAsync(
                recipe,
                copy,
                rootPath,
                line =>
                {
                    log.WriteLine(line);
                    if (reader.Read(line) is { } step) progress?.Report(step);
                    if (IsComplaint(line)) tail.Enqueue(line);
                    if (tail.Count > LogTailLines) tail.Dequeue();
                },
                cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (exitCode != 0)
            throw new TemplateBuildException(
                $"Building template '{recipe.Name}' failed (mmdebstrap: {exitCode}): {string.Join(" | ", tail)}; the log is {logFile}.");
    }

    private Template Publish(TemplateRecipe recipe, string work, string rootPath)
    {
        // Nodes that the bootstrap needed; a sandbox gets a /dev of its own.
        var devices = Path.Combine(rootPath, "dev");
        if (Directory.Exists(devices))
        {
            RemoveTree(devices);
            Directory.CreateDirectory(devices);
        }

        RemoveTree(Path.Combine(work, "recipe"));
        var marker = new TemplateMarker(recipe.Name, recipe.Version, MeasureBytes(rootPath));
        var markerFile = Path.Combine(work, TemplateCatalog.MarkerName);
        File.WriteAllBytes(markerFile, JsonSerializer.SerializeToUtf8Bytes(marker, TemplateRecipeJson.Default.TemplateMarker));
        var built = _catalog.BuiltPath(recipe);
        RemoveTree(built);
        Directory.Move(work, built);
        return new Template(recipe.Name, recipe.Version, Path.Combine(built, TemplateCatalog.RootName), marker.SizeBytes);
    }

    // Hooks run from a copy, so that an edit during the build does not end up under the old version.
    private static string CopyRecipe(TemplateRecipe recipe, string target)
    {
        foreach (var file in recipe.Files)
        {
            var to = Path.Combine(target, file);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(Path.Combine(recipe.SourceDirectory, file), to);
        }

        return target;
    }

    private static long MeasureBytes(string rootPath)
    {
        // Links are skipped, not followed: an absolute one would lead out into the host.
        var all = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = false,
        };
        return new DirectoryInfo(rootPath).EnumerateFiles("*", all).Sum(file => file.Length);
    }

    private static void RemoveTree(string path)
    {
        if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
    }

    private static bool IsComplaint(string line) =>
        line.StartsWith("E: ", StringComparison.Ordinal) || line.Contains("rror", StringComparison.Ordinal)
        || line.Contains("not found", StringComparison.Ordinal);

    private static void ReportWait(string name, IProgress<TemplateProgress>? progress) =>
        progress?.Report(new TemplateProgress(TemplatePhase.Waiting, $"another process is building template '{name}'; waiting for it", null));

    private static Template Done(Template template, IProgress<TemplateProgress>? progress)
    {
        progress?.Report(new TemplateProgress(
            TemplatePhase.Done, $"template '{template.Name}' {template.Version}, {template.SizeBytes >> 20} MiB", 100));
        return template;
    }
}
