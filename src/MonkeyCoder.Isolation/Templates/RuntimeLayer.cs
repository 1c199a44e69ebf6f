using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Templates;

/// <summary>
/// What of ours lies over a template, as a lower layer of its own: <c>/opt/monkeycoder/monkey-agent</c> and
/// <c>/opt/monkeycoder/kernels</c>. So a new agent needs no new template.
/// </summary>
/// <param name="Version">First 12 hex digits of the hash of its files.</param>
/// <param name="RootPath">Root directory of the layer; files are root's, mode 0644 or 0755.</param>
public sealed record RuntimeLayer(string Version, string RootPath)
{
    private const int VersionLength = 12;
    private const string AgentName = "monkey-agent";
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead | UnixFileMode.UserWrite;
    private const UnixFileMode Executable =
        Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>The layer for a template, in <c>CACHE/runtime/VERSION</c>; made if it is not there.</summary>
    /// <param name="settings">Where the agent and the recipes are.</param>
    /// <param name="template">Name of the recipe whose kernels go in.</param>
    /// <param name="cancellationToken">Ends the wait for another process that makes it.</param>
    /// <exception cref="HostNotReadyException">The agent has not been built, or the cache cannot be written.</exception>
    public static async Task<RuntimeLayer> PrepareAsync(TemplateSettings settings, string template, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var agent = FindAgent(settings);
        var kernels = Path.Combine(TemplateCatalog.FindTemplatesDirectory(settings), template, TemplateRecipe.KernelsDirectory);
        IReadOnlyList<string> files = Directory.Exists(kernels) ? ContentHash.ListFiles(kernels, exclude: null) : [];
        var agentHash = ContentHash.Compute(Path.GetDirectoryName(agent)!, [Path.GetFileName(agent)], "");
        var version = ContentHash.Compute(kernels, files, agentHash)[..VersionLength];
        var cache = Path.Combine(Path.GetFullPath(settings.CacheDirectory), "runtime");
        var layer = new RuntimeLayer(version, Path.Combine(cache, version));
        if (Directory.Exists(layer.RootPath)) return layer;
        try
        {
            Directory.CreateDirectory(cache);
            using var held = await BuildLock.AcquireAsync(Path.Combine(cache, "lock"), () => { }, TimeProvider.System, cancellationToken);
            if (!Directory.Exists(layer.RootPath)) Make(Path.Combine(cache, ".new"), layer.RootPath, agent, kernels, files);
            return layer;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostNotReadyException($"The runtime layer cannot be made in {cache}: {e.Message}", e);
        }
    }

    private static string FindAgent(TemplateSettings settings)
    {
        var found = settings.AgentPath is { } given
            ? (File.Exists(given) ? Path.GetFullPath(given) : null)
            : ProgramFiles.FindUpwards($"agent/{AgentName}", File.Exists)
                ?? ProgramFiles.FindUpwards($"artifacts/publish/MonkeyCoder.Agent/release/{AgentName}", File.Exists);
        return found ?? throw new HostNotReadyException(
            $"The agent's binary {settings.AgentPath ?? AgentName} is missing: run 'dotnet publish src/MonkeyCoder.Agent'.");
    }

    // The rename is what makes it whole: until then it has another name, which the next owner of the lock removes.
    private static void Make(string work, string target, string agent, string kernels, IReadOnlyList<string> files)
    {
        if (Directory.Exists(work)) Directory.Delete(work, recursive: true);
        var ours = Path.Combine(work, "opt/monkeycoder");
        MakeDirectory(ours);
        CopyFile(agent, Path.Combine(ours, AgentName), executable: true);
        foreach (var file in files)
        {
            var source = Path.Combine(kernels, file);
            var to = Path.Combine(ours, TemplateRecipe.KernelsDirectory, file);
            MakeDirectory(Path.GetDirectoryName(to)!);
            CopyFile(source, to, ContentHash.IsExecutable(source));
        }

        Directory.Move(work, target);
    }

    private static void MakeDirectory(string path)
    {
        // Each level with its mode: the umask of a service may well be 0077.
        if (Directory.Exists(path)) return;
        MakeDirectory(Path.GetDirectoryName(path)!);
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, Executable);
    }

    private static void CopyFile(string source, string target, bool executable)
    {
        File.Copy(source, target);
        File.SetUnixFileMode(target, executable ? Executable : Readable);
    }
}
