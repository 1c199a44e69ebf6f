using MonkeyCoder.Contracts.Security;

namespace MonkeyCoder.Sandbox.Tests.Hosting;

/// <summary>A token secret file in a directory of its own.</summary>
public sealed class SecretFile : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _directory = Directory.CreateTempSubdirectory("monkey-secret-").FullName;

    public SecretFile(params string[] secrets)
    {
        Path = System.IO.Path.Combine(_directory, TokenSecretStore.FileName);
        Replace(secrets);
    }

    public string Path { get; }

    /// <summary>The argument that names it.</summary>
    public string Setting => "--Security:TokenSecretFile=" + Path;

    public TokenSecretStore Store => new(Path, TimeProvider.System);

    /// <summary>Puts another file in its place, as editors and <c>monkey secret</c> do.</summary>
    public void Replace(params string[] secrets)
    {
        var next = Path + ".next";
        File.WriteAllLines(next, secrets);
        File.SetUnixFileMode(next, OwnerOnly);
        File.Move(next, Path, overwrite: true);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
