using MonkeyCoder.Isolation.Templates;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Isolation.Tests.Templates;

public sealed class HostSourcesTests : IDisposable
{
    private readonly TemporaryDirectory _apt = new();

    public void Dispose() => _apt.Dispose();

    [Fact]
    public void Find_Deb822_GivesSuiteUpdatesAndSecurity()
    {
        _apt.Write("sources.list.d/debian.sources", """
            Types: deb deb-src
            # a comment
            URIs: http://mirror.example/debian
            Suites: bookworm bookworm-updates bookworm-backports
            Components: main contrib

            Types: deb
            URIs: http://mirror.example/security
            Suites: bookworm-security
            Components: main
            """);

        Assert.Equal(
            [
                "deb http://mirror.example/debian bookworm main",
                "deb http://mirror.example/debian bookworm-updates main",
                "deb http://mirror.example/security bookworm-security main",
            ],
            HostSources.Find("bookworm", _apt.Path));
    }

    [Fact]
    public void Find_OneLineStyle_IsUnderstood()
    {
        _apt.Write("sources.list", """
            # deb http://old.example/debian bookworm main
            deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main non-free
            deb-src http://mirror.example/debian bookworm main
            """);

        Assert.Equal(["deb http://mirror.example/debian bookworm main"], HostSources.Find("bookworm", _apt.Path));
    }

    [Fact]
    public void Find_HostOfAnotherSuite_IsEmpty()
    {
        _apt.Write("sources.list", "deb http://mirror.example/debian trixie main\n");
        _apt.Write("sources.list.d/x.sources", "Types: deb\nURIs: http://m\nSuites: bookworm\nComponents: main\nEnabled: no\n");

        Assert.Empty(HostSources.Find("bookworm", _apt.Path));
    }
}
