namespace MonkeyCoder.Isolation.Tests.Cgroups;

/// <summary>A directory that stands in for a cgroup mount. The kernel makes the files of a group; here the test says which there are.</summary>
internal sealed class FakeCgroupRoot : IDisposable
{
    public FakeCgroupRoot() => Directory.CreateDirectory(Root);

    public string Root { get; } = Path.Combine(Path.GetTempPath(), "cg-" + Path.GetRandomFileName());

    /// <summary>Makes files, with content, in a group.</summary>
    public void Add(string group, params (string Name, string Content)[] files)
    {
        Directory.CreateDirectory(Root + group);
        foreach (var (name, content) in files) File.WriteAllText($"{Root}{group}/{name}", content);
    }

    /// <summary>What a file holds; a shorter write leaves the rest of a longer one, so files start empty where it matters.</summary>
    public string Read(string group, string name) => File.ReadAllText($"{Root}{group}/{name}");

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
