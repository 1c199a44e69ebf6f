using System.Globalization;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Faults;

/// <summary>A file system of a few hundred megabytes in a file, so that a scenario can fill it.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private static readonly Dictionary<string, string> NoVariables = [];

    private readonly string _mountPoint;
    private bool _mounted = true;

    private SmallDisk(string mountPoint) => _mountPoint = mountPoint;

    public static async Task<SmallDisk> MountAsync(string directory, string mountPoint, int mebibytes)
    {
        var image = Path.Combine(directory, "disk.img");
        await RunAsync("truncate", "-s", mebibytes.ToString(CultureInfo.InvariantCulture) + "M", image);
        await RunAsync("mkfs.ext4", "-q", "-m", "0", image);
        await RunAsync("mount", "-o", "loop", image, mountPoint);
        await RunAsync("chmod", "0711", mountPoint);
        return new SmallDisk(mountPoint);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_mounted) return;
        _mounted = false;
        await RunAsync("umount", _mountPoint);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        var run = await Commands.RunAsync(program, arguments, "/tmp", NoVariables, CancellationToken.None);
        Assert.True(run.ExitCode == 0, $"{program}: {run}");
    }
}
