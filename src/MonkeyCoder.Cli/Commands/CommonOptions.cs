using System.CommandLine;

namespace MonkeyCoder.Cli.Commands;

/// <summary>Options that several commands have, with one wording.</summary>
internal static class CommonOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Print JSON." };

    public static Option<string> Template() => new("--template")
    {
        Description = "Template of the sandbox.",
        HelpName = "NAME",
        DefaultValueFactory = static _ => "code-interpreter-v1",
    };

    /// <summary>Whole seconds above 0.</summary>
    public static Option<int> Seconds(string name, string description, int fallback)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "SECONDS", DefaultValueFactory = _ => fallback };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out var seconds) && seconds <= 0)
                result.AddError($"{name} must be above 0.");
        });
        return option;
    }

    public static Argument<string> Sandbox() => new("SANDBOX") { Description = "Id of a sandbox, as 'monkey ps' shows it." };

    public static Argument<string[]> Sandboxes() => new("SANDBOX")
    {
        Description = "Ids of sandboxes, as 'monkey ps' shows them.",
        Arity = ArgumentArity.OneOrMore,
    };
}
