using System.Globalization;
using System.Text;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>A process as <c>/proc</c> shows it (proc_pid_status(5), proc_pid_stat(5)).</summary>
/// <param name="Pid">Host pid.</param>
/// <param name="ParentPid">Its parent.</param>
/// <param name="UserId">Real user.</param>
/// <param name="Tasks">Threads.</param>
/// <param name="MemoryBytes">Resident memory that is its own or shared memory; pages that a fork has not copied yet count in each.</param>
internal readonly record struct UserProcess(int Pid, int ParentPid, uint UserId, int Tasks, long MemoryBytes)
{
    private const int FileBytes = 4096;
    private const long TicksPerSecond = 100; // USER_HZ, the same on every architecture that .NET runs on.

    /// <summary>All processes of this pid namespace that are not root's, zombies too: somebody has to wait for them.</summary>
    public static IReadOnlyList<UserProcess> ReadAll()
    {
        var found = new List<UserProcess>();
        foreach (var name in Libc.TryListNames("/proc", out _) ?? [])
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && TryRead(pid) is { UserId: not 0 } process) found.Add(process);
        return found;
    }

    /// <summary>The process that has the pid now; null where there is none.</summary>
    public static UserProcess? TryRead(int pid)
    {
        Span<byte> buffer = stackalloc byte[FileBytes];
        var text = (ReadOnlySpan<byte>)buffer[..Read(pid, "status", buffer)];
        if (text.IsEmpty) return null;
        return new UserProcess(
            pid, (int)Number(text, "PPid:"u8), (uint)Number(text, "Uid:"u8), (int)Number(text, "Threads:"u8),
            (Number(text, "RssAnon:"u8) + Number(text, "RssShmem:"u8)) * 1024);
    }

    /// <summary>Whether it has stopped, or ended.</summary>
    public bool IsStopped()
    {
        Span<byte> buffer = stackalloc byte[FileBytes];
        var state = Field(buffer[..Read(Pid, "status", buffer)], "State:"u8);
        return state.IsEmpty || state[0] is (byte)'T' or (byte)'t' or (byte)'Z' or (byte)'X';
    }

    /// <summary>User and system time, its own and that of the children it has waited for.</summary>
    public TimeSpan ReadCpuTime()
    {
        Span<byte> buffer = stackalloc byte[FileBytes];
        var text = Encoding.ASCII.GetString(buffer[..Read(Pid, "stat", buffer)]);
        // The second field is the name, which may hold anything: fields are counted from behind it, state being the third.
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 15) return TimeSpan.Zero;
        var ticks = 0L;
        for (var i = 11; i <= 14; i++) ticks += long.Parse(fields[i], CultureInfo.InvariantCulture);
        return TimeSpan.FromSeconds((double)ticks / TicksPerSecond);
    }

    /// <summary>
    /// Its share of the memory it maps: pages that several map count in parts. Slower; <see cref="MemoryBytes"/> where the kernel
    /// does not let this process look.
    /// </summary>
    public long ReadShareBytes()
    {
        Span<byte> buffer = stackalloc byte[FileBytes];
        int length;
        Libc.SeeFilesAs(UserId);
        try
        {
            length = Read(Pid, "smaps_rollup", buffer);
        }
        finally
        {
            Libc.SeeFilesAs(0);
        }

        var text = (ReadOnlySpan<byte>)buffer[..length];
        // Closed to us, or it has ended since it was counted: then it has nothing any more.
        if (text.IsEmpty) return TryRead(Pid)?.MemoryBytes ?? 0;
        return (Number(text, "Pss_Anon:"u8) + Number(text, "Pss_Shmem:"u8)) * 1024;
    }

    /// <summary>Signals it, if it is still this user's: its pid may have gone to a stranger.</summary>
    public void Signal(int signal)
    {
        try
        {
            using var pidfd = Libc.OpenPidfd(Pid);
            if (TryRead(Pid) is { } now && now.UserId == UserId) _ = Libc.TrySendSignal(pidfd, signal);
        }
        catch (SyscallException e) when (e.Errno == ErrnoName.ESRCH)
        {
            // It has ended by itself.
        }
    }

    /// <summary>What a file says; nothing where the process is gone or the file is closed to us.</summary>
    private static int Read(int pid, string file, Span<byte> buffer)
    {
        try
        {
            return CgroupFile.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/{file}"), buffer);
        }
        catch (SyscallException)
        {
            return 0;
        }
    }

    private static long Number(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key) => CgroupFile.ParseNumber(Field(text, key));

    /// <summary>The rest of the line that begins with the key, without the white space before it.</summary>
    private static ReadOnlySpan<byte> Field(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            if (line.StartsWith(key)) return line[key.Length..].TrimStart(" \t"u8);
            text = end < 0 ? [] : text[(end + 1)..];
        }

        return [];
    }
}
