using System.Xml.Linq;

namespace MonkeyCoder.Architecture.Tests;

public sealed class ReferenceTests
{
    /// <summary>What each project may build on. A new project is added here with its reason to exist.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["MonkeyCoder.Contracts"] = [],
        ["MonkeyCoder.Linux"] = [],
        ["MonkeyCoder.Isolation"] = ["MonkeyCoder.Contracts", "MonkeyCoder.Linux"],
        ["MonkeyCoder.Agent"] = ["MonkeyCoder.Contracts", "MonkeyCoder.Linux"],
        ["MonkeyCoder.Sandbox"] = ["MonkeyCoder.Contracts", "MonkeyCoder.Isolation"],
        ["MonkeyCoder.Client"] = ["MonkeyCoder.Contracts"],
        ["MonkeyCoder.Cli"] = ["MonkeyCoder.Client", "MonkeyCoder.Isolation"],
    };

    private static readonly string[] WithoutWeb =
        ["MonkeyCoder.Contracts", "MonkeyCoder.Linux", "MonkeyCoder.Isolation", "MonkeyCoder.Agent", "MonkeyCoder.Client", "MonkeyCoder.Cli"];

    private static readonly string[] AheadOfTime =
        ["MonkeyCoder.Contracts", "MonkeyCoder.Linux", "MonkeyCoder.Agent", "MonkeyCoder.Client"];

    private static IEnumerable<string> Products => Repository.Projects.Where(static path => path.StartsWith("src/", StringComparison.Ordinal));

    [Fact]
    public void Projects_References_AreThoseOfTheMap()
    {
        foreach (var path in Products)
        {
            var name = Path.GetFileNameWithoutExtension(path);
            Assert.True(Allowed.TryGetValue(name, out var allowed), $"{name} is not in the map of references.");
            var references = XDocument.Parse(Repository.Read(path)).Descendants("ProjectReference")
                .Where(static reference => reference.Attribute("ReferenceOutputAssembly")?.Value != "false")
                .Select(static reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value));
            Offenders.AssertNone(references.Except(allowed).Select(reference => $"{name} -> {reference}"));
        }
    }

    [Fact]
    public void Projects_BelowTheService_KnowNothingOfTheWeb() => Offenders.AssertNone(
        Products.Where(static path => WithoutWeb.Contains(Path.GetFileNameWithoutExtension(path)))
            .Where(static path => Repository.Read(path).Contains("AspNetCore", StringComparison.Ordinal)));

    [Fact]
    public void Projects_OfAgentAndClient_CanBeCompiledAhead() => Offenders.AssertNone(
        Products.Where(static path => AheadOfTime.Contains(Path.GetFileNameWithoutExtension(path)))
            .Where(static path => !Repository.Read(path).Contains("<IsAotCompatible>true</IsAotCompatible>", StringComparison.Ordinal)));

    [Fact]
    public void Packages_Versions_AreCentral() => Offenders.AssertNone(
        from path in Repository.Projects
        from reference in XDocument.Parse(Repository.Read(path)).Descendants("PackageReference")
        where reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null
        select $"{path}: {reference.Attribute("Include")?.Value}");

    [Fact]
    public void Solution_Projects_AreAllInIt()
    {
        var solution = Repository.Read("MonkeyCoder.slnx");
        Offenders.AssertNone(Repository.Projects.Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal)));
    }
}
