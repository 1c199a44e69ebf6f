using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>posix_spawn(3): starting processes without running code between fork and exec.</content>
public static partial class Libc
{
    // <spawn.h> of glibc, the same on x64 and arm64. Sizes rounded up from 80, 336 and 128 bytes.
    private const short POSIX_SPAWN_SETSIGDEF = 0x04;
    private const short POSIX_SPAWN_SETSIGMASK = 0x08;
    private const short POSIX_SPAWN_SETSID = 0x80;
    private const int FileActionsBytes = 128;
    private const int AttributesBytes = 512;
    private const int SignalSetBytes = 128;
    private const int O_RDWR = 2;

    /// <summary>
    /// Starts a process with every signal at its default and unblocked, and with no descriptor but those asked for.
    /// </summary>
    /// <returns>Its pid. The caller has to wait for it.</returns>
    /// <exception cref="SyscallException">With the errno of the exec or of what went before it: ENOENT, EACCES,
    /// EAGAIN (too many processes), ENOMEM, E2BIG.</exception>
    public static int Spawn(SpawnRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var errno = TrySpawn(request, out var pid);
        return errno == 0 ? pid : throw new SyscallException("posix_spawn", errno, request.Path);
    }

    /// <summary>As <see cref="Spawn"/>; returns 0 or the errno.</summary>
    public static int TrySpawn(SpawnRequest request, out int pid)
    {
        ArgumentNullException.ThrowIfNull(request);
        var arguments = Vector(request.Arguments);
        var environment = Vector(request.Environment);
        RefuseNul(request.Path);

        Span<byte> actions = stackalloc byte[FileActionsBytes];
        Span<byte> attributes = stackalloc byte[AttributesBytes];
        Require(RawFileActionsInit(actions), "posix_spawn_file_actions_init", request.Path);
        var copies = new List<FileDescriptor>();
        try
        {
            Require(RawAttributesInit(attributes), "posix_spawnattr_init", request.Path);
            try
            {
                SetAttributes(attributes, request);
                AddFileActions(actions, request, copies);
                return RawSpawn(out pid, request.Path, actions, attributes, arguments, environment);
            }
            finally
            {
                _ = RawAttributesDestroy(attributes);
            }
        }
        finally
        {
            _ = RawFileActionsDestroy(actions);
            foreach (var copy in copies) copy.Dispose();
        }
    }

    private static void SetAttributes(Span<byte> attributes, SpawnRequest request)
    {
        Span<byte> signals = stackalloc byte[SignalSetBytes];
        // .NET ignores SIGPIPE, and an ignored signal stays ignored over exec: so all of them go to the default.
        Require(RawSignalsFill(signals), "sigfillset", request.Path);
        Require(RawAttributesSetDefault(attributes, signals), "posix_spawnattr_setsigdefault", request.Path);
        Require(RawSignalsEmpty(signals), "sigemptyset", request.Path);
        Require(RawAttributesSetMask(attributes, signals), "posix_spawnattr_setsigmask", request.Path);
        var flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (request.NewSession ? POSIX_SPAWN_SETSID : 0);
        Require(RawAttributesSetFlags(attributes, (short)flags), "posix_spawnattr_setflags", request.Path);
    }

    private static void AddFileActions(Span<byte> actions, SpawnRequest request, List<FileDescriptor> copies)
    {
        // The directory comes last: a relative program is looked up from it, the terminal is absolute.
        var top = 2;
        foreach (var mapping in request.Descriptors) top = Math.Max(top, mapping.Target);

        for (var target = 0; target <= top; target++)
        {
            // What is not mapped must not reach the child, and 0 to 2 must not be free for the next open(2) in it.
            if (target > 2)
                Require(RawAddClose(actions, target), "posix_spawn_file_actions_addclose", request.Path);
            else if (request.Terminal is null)
                Require(RawAddOpen(actions, target, "/dev/null", O_RDWR, 0), "posix_spawn_file_actions_addopen", request.Path);
        }

        if (request.Terminal is { } terminal)
        {
            RefuseNul(terminal);
            Require(RawAddOpen(actions, 0, terminal, O_RDWR, 0), "posix_spawn_file_actions_addopen", terminal);
            Require(RawAddDup2(actions, 0, 1), "posix_spawn_file_actions_adddup2", terminal);
            Require(RawAddDup2(actions, 0, 2), "posix_spawn_file_actions_adddup2", terminal);
        }

        foreach (var mapping in request.Descriptors)
        {
            // Sources are first moved above all targets, so that no dup2 overwrites what a later one needs.
            var source = DuplicateAtLeast(mapping.Source, top + 1);
            copies.Add(source);
            Require(RawAddDup2(actions, source.Number, mapping.Target), "posix_spawn_file_actions_adddup2", request.Path);
        }

        Require(RawAddCloseFrom(actions, top + 1), "posix_spawn_file_actions_addclosefrom_np", request.Path);
        if (request.WorkingDirectory is { } directory)
        {
            RefuseNul(directory);
            Require(RawAddChangeDirectory(actions, directory), "posix_spawn_file_actions_addchdir_np", directory);
        }
    }

    private static string?[] Vector(IReadOnlyList<string> values)
    {
        var vector = new string?[values.Count + 1];
        for (var i = 0; i < values.Count; i++)
        {
            RefuseNul(values[i]);
            vector[i] = values[i];
        }

        return vector;
    }

    private static void RefuseNul(string value)
    {
        if (value.Contains('\0')) throw new ArgumentException("A string for exec holds a NUL.");
    }

    private static void Require(int errno, string call, string subject)
    {
        if (errno != 0) throw new SyscallException(call, errno < 0 ? Marshal.GetLastPInvokeError() : errno, subject);
    }

    // posix_spawn(3), posix_spawn_file_actions_init(3), posix_spawnattr_init(3), sigsetops(3)
    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawSpawn(out int pid, string path, Span<byte> actions, Span<byte> attributes, string?[] arguments, string?[] environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int RawFileActionsInit(Span<byte> actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int RawFileActionsDestroy(Span<byte> actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawAddOpen(Span<byte> actions, int target, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int RawAddDup2(Span<byte> actions, int source, int target);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclose")]
    private static partial int RawAddClose(Span<byte> actions, int target);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addclosefrom_np")]
    private static partial int RawAddCloseFrom(Span<byte> actions, int least);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawAddChangeDirectory(Span<byte> actions, string path);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int RawAttributesInit(Span<byte> attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int RawAttributesDestroy(Span<byte> attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int RawAttributesSetFlags(Span<byte> attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int RawAttributesSetDefault(Span<byte> attributes, ReadOnlySpan<byte> signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int RawAttributesSetMask(Span<byte> attributes, ReadOnlySpan<byte> signals);

    [LibraryImport("libc", EntryPoint = "sigfillset", SetLastError = true)]
    private static partial int RawSignalsFill(Span<byte> signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset", SetLastError = true)]
    private static partial int RawSignalsEmpty(Span<byte> signals);
}
