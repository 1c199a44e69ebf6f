using System.Diagnostics;
using MonkeyCoder.Isolation.Templates;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Templates;

/// <summary>What the real base template holds; it is looked at where it has been built, and never built here.</summary>
public sealed class BaseTemplateTests
{
    private const UnixFileMode SetIds = UnixFileMode.SetUser | UnixFileMode.SetGroup;

    private static readonly EnumerationOptions Everything =
        new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false };

    private readonly Template _template = FindBuilt();

    [Fact]
    public void Size_IsBelow900Megabytes() => Assert.InRange(_template.SizeBytes, 100_000_000, 900_000_000);

    [Fact]
    public void Users_UserAndSandbox_ShareUid1001()
    {
        var users = File.ReadAllLines(Path.Combine(_template.RootPath, "etc/passwd"))
            .Where(line => line.Contains(":1001:", StringComparison.Ordinal));

        Assert.Equal(["user:x:1001:1001::/home/user:/bin/bash", "sandbox:x:1001:1001::/home/user:/bin/bash"], users);
    }

    [Fact]
    public void Files_SetIds_AreSudoAndSuOnly()
    {
        var found = new DirectoryInfo(_template.RootPath).EnumerateFileSystemInfos("*", Everything)
            .Where(entry => (entry.UnixFileMode & SetIds) != 0)
            .Select(entry => Path.GetRelativePath(_template.RootPath, entry.FullName))
            .Order(StringComparer.Ordinal);

        Assert.Equal(["usr/bin/su", "usr/bin/sudo"], found);
    }

    [Fact]
    public async Task Files_Capabilities_None()
    {
        // The files' own xattrs; getcap(8) is in libcap2-bin.
        Assert.SkipUnless(File.Exists("/usr/sbin/getcap"), "needs getcap");

        Assert.Equal((0, "", ""), await RunAsync("/usr/sbin/getcap", "-r", _template.RootPath));
    }

    [Fact]
    public void Devices_None() => Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_template.RootPath, "dev")));

    [Fact]
    public void Traces_OfTheBuild_None()
    {
        Assert.Empty(File.ReadAllText(Path.Combine(_template.RootPath, "etc/machine-id")));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_template.RootPath, "var/cache/apt"), "*.deb", Everything));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_template.RootPath, "var/lib/apt/lists"), "*_*", Everything));
        Assert.Contains("deb.debian.org", File.ReadAllText(Path.Combine(_template.RootPath, "etc/apt/sources.list")), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_template.RootPath, "opt/monkeycoder")));
    }

    [Theory]
    [InlineData("python", "-c", "import numpy, pandas, matplotlib.pyplot, IPython, PIL, requests, openpyxl, tabulate, bs4, lxml")]
    [InlineData("python3", "-c", "import threading, numpy; assert len(__import__('os').listdir('/')) > 5; assert threading.active_count() == 1")]
    [InlineData("node", "-e", "process.exit(require('module').stripTypeScriptTypes('let a: number = 1').includes('number') ? 1 : 0)")]
    [InlineData("npm", "--version", "")]
    [InlineData("yarn", "--version", "")]
    [InlineData("bash", "-c", "test -x \"$(git --exec-path)/git-daemon\"")]
    [InlineData("bash", "-lc", "id -un | grep -qx user && command -v tput ss ps curl sudo less nano unzip xz realpath touch pip")]
    public async Task Programs_AsUser1001_Run(string program, string first, string second)
    {
        Assert.SkipUnless(Libc.EffectiveUserId == 0, "needs root");
        string[] arguments = second.Length > 0 ? [first, second] : [first];

        var (exitCode, _, error) = await RunInsideAsync([program, .. arguments]);

        Assert.True(exitCode == 0, error);
    }

    [Fact]
    public async Task Matplotlib_EmptyHome_TakesThePrebuiltFontList()
    {
        Assert.SkipUnless(Libc.EffectiveUserId == 0, "needs root");
        const string Code = """
            import logging, sys
            logging.basicConfig(level=logging.INFO)
            from matplotlib import font_manager
            sys.exit(0 if font_manager.fontManager.ttflist else 1)
            """;

        var (exitCode, _, error) = await RunInsideAsync(["python", "-c", Code]);

        Assert.Equal(0, exitCode);
        Assert.DoesNotContain("generated new fontManager", error, StringComparison.Ordinal);
    }

    // As in a strict sandbox: uid 1001, a read-only root, /dev and an empty /tmp. In a mount namespace of its own, so
    // that the template is not written to and no mount stays.
    private Task<(int ExitCode, string Output, string Error)> RunInsideAsync(string[] command)
    {
        const string Script = """
            set -eu
            root=$1
            shift
            mount --bind "$root" "$root"
            mount -o remount,bind,ro "$root"
            mount --rbind /dev "$root/dev"
            mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
            exec chroot --userspec=1001:1001 --groups= "$root" /usr/bin/env -i HOME=/nonexistent MPLBACKEND=agg \
                PATH=/usr/local/bin:/usr/bin:/bin "$@"
            """;
        return RunAsync("unshare", ["--mount", "sh", "-c", Script, "sh", _template.RootPath, .. command]);
    }

    private static Template FindBuilt()
    {
        var settings = new TemplateSettings { CacheDirectory = Environment.GetEnvironmentVariable("MONKEY_CACHE_DIR") ?? new TemplateSettings().CacheDirectory };
        var template = TemplateCatalog.Open(settings).TryGetBuilt("base");
        Assert.SkipWhen(template is null, "the base template is not built: run 'monkey templates build base'");
        return template!;
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await error);
    }
}
