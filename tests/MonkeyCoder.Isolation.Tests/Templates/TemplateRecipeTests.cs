using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Isolation.Tests.Templates;

public sealed class TemplateRecipeTests : IDisposable
{
    private readonly TemplateFixture _fixture = new();

    private string Version => _fixture.Catalog.GetRecipe("small").Version;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Version_NothingChanged_IsTheSame()
    {
        Assert.Matches("^[0-9a-f]{12}$", Version);
        Assert.Equal(Version, Version);
    }

    [Fact]
    public void Version_ContentNameOrModeChanged_IsAnother()
    {
        var versions = new List<string> { Version };
        var hook = _fixture.Directory.Write("templates/small/hooks/customize-10-files", "#!/bin/sh\nset -eu\n", executable: true);
        versions.Add(Version);
        File.Move(hook, hook + "-too");
        versions.Add(Version);
        File.SetUnixFileMode(hook + "-too", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        versions.Add(Version);

        Assert.Equal(versions.Count, versions.Distinct().Count());
    }

    [Fact]
    public void Version_KernelChanged_IsTheSame()
    {
        var before = Version;

        _fixture.Directory.Write("templates/small/kernels/bash/driver", "another");

        Assert.Equal(before, Version);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"suite":"bookworm"}""")]
    [InlineData("""{"suite":null,"packages":[],"pathExclude":[],"pathInclude":[]}""")]
    [InlineData("""{"suite":"x","packages":[],"pathExclude":[],"pathInclude":[],"pakages":[]}""")]
    public void Open_RecipeMalformed_NamesTheFile(string recipe)
    {
        var file = _fixture.Directory.Write("templates/small/recipe.json", recipe);

        var failure = Assert.Throws<TemplateBuildException>(() => _fixture.Catalog);

        Assert.Contains(file, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoSettings_FindsTheRecipesOfTheRepository() =>
        Assert.Contains("base", TemplateCatalog.Open(new TemplateSettings { CacheDirectory = _fixture.Settings.CacheDirectory }).Names);

    [Fact]
    public void Create_Command_HasHooksInOrderAndNoSecret()
    {
        Environment.SetEnvironmentVariable("SANDBOX_TOKEN_SECRET", "secret");
        var recipe = TemplateCatalog.Open(new TemplateSettings()).GetRecipe("base");

        var start = BootstrapCommand.Create(recipe, "/copy", ["deb http://mirror/debian bookworm main"], "/target");

        var arguments = start.ArgumentList.ToList();
        Assert.DoesNotContain("SANDBOX_TOKEN_SECRET", start.Environment.Keys);
        Assert.Equal(["bookworm", "/target", "deb http://mirror/debian bookworm main"], arguments[^3..]);
        var hooks = arguments.Where(argument => argument.Contains("-hook=", StringComparison.Ordinal)).ToList();
        Assert.Contains("--essential-hook=/copy/hooks/essential-10-placeholders", hooks);
        Assert.Equal("--customize-hook=/copy/hooks/customize-90-trim", hooks.Last(hook => hook.Contains("customize", StringComparison.Ordinal)));
    }
}
