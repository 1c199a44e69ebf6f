using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.Extensions.Options;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.Tests.Documents;

public sealed partial class ConfigurationDocumentTests
{
    private const string Introduction = """
        # Configuration of the sandbox service

        Every key can be set on the command line (`monkey-sandbox --Limits:MemoryMb=1024`) or in the environment, with two
        underscores for the colon (`Limits__MemoryMb=1024`). Some have a variable of their own, which wins over that form; the
        command line wins over both. Durations are written `hours:minutes:seconds`, e.g. `00:00:30`. The service checks all of
        it before it listens, and shows every mistake at once.

        The tables are written from the code, and a test compares the two.

        ## Environment variables

        | variable | sets |
        |---|---|

        """;

    [Fact]
    public void Document_OfTheOptions_IsTheFile()
    {
        var text = new StringBuilder(Introduction);
        foreach (var (name, key) in EnvironmentVariables.All) text.Append(null, $"| `{name}` | `{key}` |\n");
        var documentation = Documentation();
        foreach (var type in OptionTypes().OrderBy(Section, StringComparer.Ordinal)) Write(text, type, documentation);

        RepositoryDocument.AssertIs("CONFIGURATION.md", text.ToString());
    }

    [Fact]
    public void Variables_EveryOne_SetsAKeyThatExists()
    {
        var keys = OptionTypes().SelectMany(type => Properties(type).Select(property => $"{Section(type)}:{property.Name}")).ToHashSet();

        Assert.All(EnvironmentVariables.All, variable => Assert.Contains(variable.Key, keys));
    }

    [Fact]
    public void Options_EveryClass_HasAValidator()
    {
        var validated = typeof(SandboxHost).Assembly.GetTypes()
            .SelectMany(type => type.GetInterfaces())
            .Where(contract => contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(IValidateOptions<>))
            .Select(contract => contract.GenericTypeArguments[0]);

        Assert.Empty(OptionTypes().Except(validated));
    }

    private static void Write(StringBuilder text, Type type, Dictionary<string, string> documentation)
    {
        text.Append(null, $"\n## {Section(type)}\n\n{documentation["T:" + type.FullName]}\n\n| key | type | default | meaning |\n|---|---|---|---|\n");
        var defaults = Activator.CreateInstance(type)!;
        foreach (var property in Properties(type))
        {
            var meaning = documentation[$"P:{type.FullName}.{property.Name}"];
            text.Append(null, $"| `{Section(type)}:{property.Name}` | {TypeName(property.PropertyType)} | {Default(property.GetValue(defaults))} | {meaning} |\n");
        }
    }

    private static IEnumerable<Type> OptionTypes() => typeof(SandboxHost).Assembly.GetTypes()
        .Where(type => type.GetField("Section", BindingFlags.Public | BindingFlags.Static) is { IsLiteral: true });

    private static string Section(Type type) => (string)type.GetField("Section")!.GetRawConstantValue()!;

    private static IEnumerable<PropertyInfo> Properties(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => property.CanWrite || property.PropertyType.IsGenericType);

    private static string TypeName(Type type)
    {
        var actual = Nullable.GetUnderlyingType(type) ?? type;
        if (actual == typeof(TimeSpan)) return "duration";
        if (actual == typeof(int) || actual == typeof(long) || actual == typeof(double)) return "number";
        if (actual == typeof(bool)) return "bool";
        return actual.IsGenericType ? "map" : actual.Name == "Secret" ? "secret" : "text";
    }

    private static string Default(object? value) => value switch
    {
        null => "",
        "" => "",
        System.Collections.IDictionary map => string.Join(", ", map.Keys.Cast<string>().Select(key => $"`{key}={map[key]}`")),
        TimeSpan time => $"`{time.ToString("c", CultureInfo.InvariantCulture)}`",
        IFormattable number => $"`{number.ToString(null, CultureInfo.InvariantCulture)}`",
        _ => $"`{value}`",
    };

    // What the compiler has written beside the assembly: summaries of types, values of properties.
    private static Dictionary<string, string> Documentation() =>
        XDocument.Load(Path.ChangeExtension(typeof(SandboxHost).Assembly.Location, ".xml")).Descendants("member").ToDictionary(
            member => member.Attribute("name")!.Value,
            member => Text(member.Element("value") ?? member.Element("summary")));

    private static string Text(XElement? element) => element is null
        ? ""
        : Spaces().Replace(string.Concat(element.Nodes().Select(Text)), " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);

    private static string Text(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => $"`{see.Attribute("cref")?.Value.Split('.')[^1]}`",
        XElement other => string.Concat(other.Nodes().Select(Text)),
        _ => "",
    };

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
