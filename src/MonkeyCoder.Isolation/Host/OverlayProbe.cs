using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Host;

/// <summary>Tries what every sandbox needs: an overlay whose lower layer is an id-mapped copy of a directory.</summary>
internal static class OverlayProbe
{
    private const uint Probed = 1001;

    /// <summary>Makes it below <paramref name="directory"/>, changes something in it, and removes it.</summary>
    /// <exception cref="SyscallException">What the kernel refused.</exception>
    public static string Run(string directory)
    {
        var probe = Path.Combine(directory, ".probe-" + Path.GetRandomFileName());
        var target = Path.Combine(probe, "root");
        try
        {
            foreach (var part in new[] { "lower/inner", "upper", "work", "root", "layers" }) Directory.CreateDirectory(Path.Combine(probe, part));
            Libc.ChangeOwner(Path.Combine(probe, "lower/inner"), Probed, Probed);
            Try(probe, target);
            return "yes";
        }
        finally
        {
            // By rmdir(2) first: were it still mounted, nothing would be deleted through it.
            if (Libc.TryRemoveDirectory(target) == 0) Directory.Delete(probe, recursive: true);
        }
    }

    private static void Try(string probe, string target)
    {
        var range = new UidRange(UidRange.Slots - 1);
        using var layers = new MappedLayers(MappedLayers.CanStayUnattached ? null : Path.Combine(probe, "layers"));
        var lower = layers.Open(range, [Path.Combine(probe, "lower")]);
        OverlayRoot.Mount(target, lower, Path.Combine(probe, "upper"), Path.Combine(probe, "work"), Libc.MS_NODEV | Libc.MS_NOSUID);
        try
        {
            // Copies the directory up with the owner that the mapping gives it.
            Libc.ChangeOwner(Path.Combine(target, "inner"), range.ToHost((int)Probed), range.ToHost(0));
        }
        finally
        {
            _ = Libc.TryUnmount(target, Libc.MNT_DETACH);
        }
    }
}
