using MonkeyCoder.Isolation.Templates;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Isolation.Tests.Templates;

/// <summary>A recipe named <c>small</c> and an empty cache.</summary>
internal sealed class TemplateFixture : IDisposable
{
    public TemplateFixture()
    {
        Directory.Write("templates/small/recipe.json", """{"suite":"bookworm","packages":["bash"],"pathExclude":[],"pathInclude":[]}""");
        Directory.Write("templates/small/hooks/customize-10-files", "#!/bin/sh\n", executable: true);
        Directory.Write("templates/small/kernels/bash/argv", "/bin/bash\n");
        Directory.Write("templates/small/kernels/bash/driver", "#!/bin/sh\n", executable: true);
        Directory.Write("agent", "agent", executable: true);
    }

    public TemporaryDirectory Directory { get; } = new();

    public TemplateSettings Settings => new()
    {
        CacheDirectory = Path.Combine(Directory.Path, "cache"),
        TemplatesDirectory = Path.Combine(Directory.Path, "templates"),
        AgentPath = Path.Combine(Directory.Path, "agent"),
    };

    public string BuiltDirectory => Path.Combine(Settings.CacheDirectory, "templates");

    public TemplateCatalog Catalog => TemplateCatalog.Open(Settings);

    /// <summary>Names of what is in the cache of templates, hidden ones included.</summary>
    public IReadOnlyList<string> BuiltEntries =>
        [.. System.IO.Directory.EnumerateDirectories(BuiltDirectory).Select(path => Path.GetFileName(path)!)];

    public TemplateBuilder NewBuilder(IBootstrap bootstrap) => new(Catalog, bootstrap, TimeProvider.System);

    public void Dispose() => Directory.Dispose();
}
