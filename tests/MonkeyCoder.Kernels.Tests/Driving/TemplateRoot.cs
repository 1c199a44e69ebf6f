using System.Runtime.CompilerServices;
using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Kernels.Tests.Driving;

/// <summary>The root filesystem that kernels run in, and the drivers of this repository.</summary>
internal static class TemplateRoot
{
    private static readonly Lazy<string> Root = new(Find);

    /// <summary>Root filesystem of the built base template.</summary>
    /// <exception cref="InvalidOperationException">It is not built, or the tests are not run as root.</exception>
    public static string Path => Root.Value;

    /// <summary>The drivers: <c>templates/base/kernels</c>.</summary>
    public static string KernelsDirectory { get; } =
        System.IO.Path.Combine(RepositoryDirectory(), "templates", "base", "kernels");

    /// <summary>The command of a language's driver.</summary>
    public static string[] ReadCommand(string language) =>
        File.ReadAllLines(System.IO.Path.Combine(KernelsDirectory, language, "argv"));

    private static string Find()
    {
        if (!Environment.IsPrivilegedProcess)
            throw new InvalidOperationException("Kernels are tested in the root filesystem of the template: run the tests as root.");
        var settings = new TemplateSettings
        {
            CacheDirectory = Environment.GetEnvironmentVariable("MONKEY_CACHE_DIR") ?? new TemplateSettings().CacheDirectory,
            TemplatesDirectory = System.IO.Path.Combine(RepositoryDirectory(), "templates"),
        };
        return TemplateCatalog.Open(settings).TryGetBuilt("base")?.RootPath
            ?? throw new InvalidOperationException("The base template is not built as its recipe is now: run './test', which builds it first.");
    }

    private static string RepositoryDirectory([CallerFilePath] string file = "") =>
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(file)!, "..", "..", ".."));
}
