using System.Globalization;
using System.IO.Enumeration;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>
/// A root file system of a sandbox's own without mounting anything: directories are made anew, files are hard links to those of the
/// template. Only files that nobody but root can write to are linked; what is the user's is copied.
/// </summary>
internal static class LinkTree
{
    private const uint WorldWritable = 0x2; // 0002
    private const uint GroupWritable = 0x10; // 0020
    private const UnixFileMode SharedDirectory = (UnixFileMode)0x3FF; // 1777
    private const int DeviceMode = 0x1B6; // 0666

    // No datagrams leave a sandbox of this tier, so that the resolver is asked over TCP: resolv.conf(5).
    private const string Resolver = "nameserver 127.0.0.1\noptions use-vc\n";

    private static readonly (string Name, int Major, int Minor)[] DeviceNodes =
        [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

    /// <summary>Directories of the root that the user may write to; all else is root's, and Landlock says so again.</summary>
    public static IReadOnlyList<string> WritablePlaces { get; } = [SandboxUser.Home, "/tmp", "/var/tmp", "/dev/shm"];

    /// <summary>Devices of the root.</summary>
    public static IReadOnlyList<string> Devices { get; } = [.. DeviceNodes.Select(static device => "/dev/" + device.Name)];

    /// <summary>Fills a directory with what nobody in the sandbox can change; some directories may be there already.</summary>
    /// <param name="root">The directory.</param>
    /// <param name="layers">Templates, the topmost first; all on the file system of <paramref name="root"/>.</param>
    /// <param name="user">uid and gid of the sandbox.</param>
    /// <exception cref="SyscallException">EXDEV: another file system; EPERM: no right to make devices; ENOSPC.</exception>
    public static void Make(string root, IReadOnlyList<string> layers, uint user)
    {
        foreach (var layer in layers.Reverse()) Add(root, layer, "", user);
        foreach (var (name, major, minor) in DeviceNodes) MakeDevice($"{root}/dev/{name}", major, minor);
        Rename(root + "/etc/passwd", user);
        Rename(root + "/etc/group", user);
        Replace(root + "/etc/resolv.conf", Resolver);
    }

    /// <summary>Makes the places that the user can write to, as the templates have them. None of them may be there.</summary>
    /// <exception cref="SyscallException">ENOSPC.</exception>
    public static void MakePlaces(string root, IReadOnlyList<string> layers, uint user)
    {
        foreach (var place in WritablePlaces)
        {
            if (Directory.Exists(root + place)) throw new SyscallException("mkdir", ErrnoName.EEXIST, root + place);
            Directory.CreateDirectory(root + place);
            File.SetUnixFileMode(root + place, SharedDirectory);
        }

        foreach (var layer in layers.Reverse())
        {
            if (!Directory.Exists(layer + SandboxUser.Home)) continue;
            Take(root + SandboxUser.Home, layer + SandboxUser.Home, user);
            Add(root, layer, SandboxUser.Home, user);
        }
    }

    /// <summary>Makes a device that everybody can use.</summary>
    /// <exception cref="SyscallException">EPERM: no right to; EACCES: the file system is mounted without devices.</exception>
    internal static void MakeDevice(string path, int major, int minor)
    {
        var errno = Libc.TryMakeDevice(path, major, minor);
        if (errno != 0) throw new SyscallException("mknod", errno, path);
        File.SetUnixFileMode(path, (UnixFileMode)DeviceMode);
    }

    private static void Add(string root, string layer, string directory, uint user)
    {
        foreach (var (name, isDirectory) in Entries(layer + directory))
        {
            var path = $"{directory}/{name}";
            if (WritablePlaces.Contains(path)) continue;
            // Of /dev only what is made here; nothing can be mounted on /proc and /sys.
            if (path == "/dev" && isDirectory)
            {
                Directory.CreateDirectory(root + path);
            }
            else if (isDirectory)
            {
                MakeDirectory(root + path, layer + path, user);
                Add(root, layer, path, user);
            }
            else
            {
                MakeFile(root + path, layer + path, user);
            }
        }
    }

    private static FileSystemEnumerable<(string Name, bool IsDirectory)> Entries(string directory) => new(
        directory,
        static (ref entry) => (entry.FileName.ToString(), entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0),
        new EnumerationOptions { AttributesToSkip = 0 });

    private static void MakeDirectory(string path, string source, uint user)
    {
        if (Directory.Exists(path)) return;
        Directory.CreateDirectory(path);
        Take(path, source, user);
    }

    /// <summary>Owner and mode of another directory. What is root's stays writable for root alone.</summary>
    private static void Take(string path, string source, uint user)
    {
        var status = StatusOf(source);
        GiveTo(path, status, user);
        var taken = status.UserId == SandboxUser.Id ? 0u : WorldWritable;
        File.SetUnixFileMode(path, (UnixFileMode)((uint)status.Mode & 0xFFF & ~taken));
    }

    private static void MakeFile(string path, string source, uint user)
    {
        var status = StatusOf(source);
        if (status.Kind == FileKind.Link || (status.Kind == FileKind.Regular && !IsWritable(status)))
        {
            var errno = Libc.TryLink(source, path);
            if (errno != 0) throw new SyscallException("link", errno, path);
        }
        else if (status.Kind == FileKind.Regular)
        {
            File.Copy(source, path);
            GiveTo(path, status, user);
            File.SetUnixFileMode(path, (UnixFileMode)(status.Mode & 0xFFF));
        }
    }

    private static bool IsWritable(FileStatus status) =>
        status.UserId == SandboxUser.Id || ((uint)status.Mode & WorldWritable) != 0
        || (status.GroupId == SandboxUser.Id && ((uint)status.Mode & GroupWritable) != 0);

    private static FileStatus StatusOf(string path)
    {
        var errno = Libc.TryStatus(path, followLink: false, out var status);
        return errno == 0 ? status : throw new SyscallException("statx", errno, path);
    }

    private static void GiveTo(string path, FileStatus status, uint user) => Libc.ChangeOwner(
        path, status.UserId == SandboxUser.Id ? user : status.UserId, status.GroupId == SandboxUser.Id ? user : status.GroupId);

    /// <summary>Gives the names of the sandbox's user their number on this host.</summary>
    private static void Rename(string file, uint user)
    {
        var text = File.ReadAllText(file);
        var inside = SandboxUser.Id.ToString(CultureInfo.InvariantCulture);
        var outside = user.ToString(CultureInfo.InvariantCulture);
        var lines = text.TrimEnd('\n').Split('\n').Select(line =>
            string.Join(':', line.Split(':').Select((field, index) => index is 2 or 3 && field == inside ? outside : field)));
        Replace(file, string.Join('\n', lines) + "\n");
    }

    private static void Replace(string file, string text)
    {
        // The link to the template's file goes; what is written then is this root's own.
        File.Delete(file);
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }
}
