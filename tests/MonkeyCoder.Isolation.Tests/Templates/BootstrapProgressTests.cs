using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Isolation.Tests.Templates;

public sealed class BootstrapProgressTests
{
    // Lines as mmdebstrap 1.3.5 and apt 2.6.1 print them.
    private static readonly string[] Build =
    [
        "I: chroot architecture amd64 is equal to the host's architecture",
        "I: running apt-get update...",
        "Get:1 http://deb.debian.org/debian bookworm InRelease [151 kB]",
        "I: downloading packages with apt...",
        "0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.",
        "Get:1 http://deb.debian.org/debian bookworm/main amd64 gcc-12-base amd64 12.2.0-14 [37.5 kB]",
        "Get:2 http://deb.debian.org/debian bookworm/main amd64 libc6 amd64 2.36-9+deb12u10 [2758 kB]",
        "I: extracting archives...",
        "I: installing essential packages...",
        "Unpacking gcc-12-base:amd64 (12.2.0-14) ...",
        "Setting up gcc-12-base:amd64 (12.2.0-14) ...",
        "Unpacking libc6:amd64 (2.36-9+deb12u10) ...",
        "Setting up libc6:amd64 (2.36-9+deb12u10) ...",
        "I: installing remaining packages inside the chroot...",
        "0 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.",
        "Get:1 http://deb.debian.org/debian bookworm/main amd64 curl amd64 7.88.1-10+deb12u12 [315 kB]",
        "Unpacking curl (7.88.1-10+deb12u12) ...",
        "Setting up curl (7.88.1-10+deb12u12) ...",
        "I: running --customize-hook directly: /c/recipe/hooks/customize-10-files /c/rootfs",
        "I: running --customize-hook directly: /c/recipe/hooks/customize-20-users /c/rootfs",
        "I: cleaning package lists and apt cache...",
        "I: success in 101.2417 seconds",
    ];

    [Fact]
    public void Read_WholeBuild_NeverGoesBack()
    {
        var progress = new BootstrapProgress(hooks: 2);

        var reports = Build.Select(progress.Read).OfType<TemplateProgress>().ToList();

        Assert.Equal(reports.OrderBy(report => report.Percent).ThenBy(report => report.Phase), reports);
        Assert.All(reports, report => Assert.InRange(report.Percent!.Value, 0, 99));
        Assert.Equal("setting up curl", reports[^4].Message);
        Assert.Equal(["recipe step files", "recipe step users"], reports[^3..^1].Select(report => report.Message));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Reading package lists...")]
    [InlineData("Get:")]
    [InlineData("I: ")]
    [InlineData("Unpacking")]
    public void Read_OtherLine_SaysNothing(string line) => Assert.Null(new BootstrapProgress(hooks: 0).Read(line));

    [Fact]
    public void Read_MorePackagesThanAnnounced_StaysInRange()
    {
        var progress = new BootstrapProgress(hooks: 1);
        progress.Read("I: installing remaining packages inside the chroot...");

        var reports = Enumerable.Range(0, 50).Select(_ => progress.Read("Unpacking curl (7.88.1) ...")).ToList();

        Assert.All(reports, report => Assert.InRange(report!.Percent!.Value, 25, 82));
    }
}
