using System.Diagnostics;

namespace MonkeyCoder.Isolation.Templates;

/// <summary>The call of mmdebstrap(1) for a recipe.</summary>
internal static class BootstrapCommand
{
    // What apt, npm and the hooks may see: how to reach the network, and no secret of the service.
    private static readonly string[] PassedVariables =
    [
        "PATH", "HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
    ];

    /// <summary>
    /// The command. It has mount and pid namespaces of its own and dies as a whole with the thread that starts it, so
    /// neither a mount nor a process is left behind, however the builder ends.
    /// </summary>
    /// <param name="recipe">What is asked for.</param>
    /// <param name="recipeCopy">Copy of the recipe's files; its hooks run from there.</param>
    /// <param name="sources">Lines of sources.list(5); empty for Debian's own servers.</param>
    /// <param name="target">Root directory to be made.</param>
    public static ProcessStartInfo Create(TemplateRecipe recipe, string recipeCopy, IReadOnlyList<string> sources, string target)
    {
        var start = new ProcessStartInfo("setpriv", Arguments(recipe, recipeCopy, sources, target))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        var kept = PassedVariables
            .Select(name => (Name: name, Value: Environment.GetEnvironmentVariable(name)))
            .Where(variable => variable.Value is not null)
            .ToArray();
        start.Environment.Clear();
        foreach (var (name, value) in kept) start.Environment[name] = value;
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        return start;
    }

    private static IEnumerable<string> Arguments(
        TemplateRecipe recipe, string recipeCopy, IReadOnlyList<string> sources, string target)
    {
        var document = recipe.Document;
        return
        [
            "--pdeathsig", "KILL",
            "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            "mmdebstrap", "--mode=root", "--variant=apt", "--format=directory", "--verbose",
            .. document.PathExclude.Select(pattern => $"--dpkgopt=path-exclude={pattern}"),
            .. document.PathInclude.Select(pattern => $"--dpkgopt=path-include={pattern}"),
            .. Hooks(recipe, recipeCopy),
            $"--include={string.Join(',', document.Packages)}",
            document.Suite,
            target,
            .. sources,
        ];
    }

    private static IEnumerable<string> Hooks(TemplateRecipe recipe, string recipeCopy) =>
        recipe.Files
            .Where(file => file.StartsWith("hooks/", StringComparison.Ordinal))
            .Select(file => $"--{Path.GetFileName(file).Split('-')[0]}-hook={Path.Combine(recipeCopy, file)}");
}
