using System.Globalization;
using System.Runtime.InteropServices;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Launch;

/// <summary>
/// Reaps children that nobody waits for: what a killed runtime had started becomes a child of this process, a subreaper
/// (prctl(2), PR_SET_CHILD_SUBREAPER), and would stay a zombie for as long as the node lives.
/// </summary>
/// <remarks>
/// Whoever waits for a child reaps it at once, so a zombie that two looks have seen has nobody. Children in the session of
/// this process are never touched: they are those of <see cref="System.Diagnostics.Process"/>, whereas runtimes, and so
/// their orphans, have sessions of their own.
/// </remarks>
internal sealed class OrphanReaper : IDisposable
{
    private const int Idle = 0;
    private const int Armed = 1;
    private const int Disposed = 2;

    /// <summary>From the end of a child to the first look, and from one look to the next.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(3);

    private readonly PosixSignalRegistration _childEnds;
    private readonly ITimer _timer;
    private readonly int _session;
    private HashSet<Zombie> _seen = [];
    private int _state;

    public OrphanReaper(TimeProvider time)
    {
        _session = ReadStat(Environment.ProcessId)?.Session ?? throw new InvalidOperationException("/proc has nothing about this process.");
        _timer = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _childEnds = PosixSignalRegistration.Create(PosixSignal.SIGCHLD, _ => LookLater());
        LookLater();
    }

    public void Dispose()
    {
        _childEnds.Dispose();
        _ = Interlocked.Exchange(ref _state, Disposed);
        _timer.Dispose();
    }

    private void LookLater()
    {
        if (Interlocked.CompareExchange(ref _state, Armed, Idle) == Idle) _ = _timer.Change(Interval, Timeout.InfiniteTimeSpan);
    }

    private void Look()
    {
        // Armed again from here on by every child that ends: one that ends while we look may not be seen.
        if (Interlocked.CompareExchange(ref _state, Idle, Armed) != Armed) return;
        var orphans = Children().Select(AsOrphan).OfType<Zombie>().ToHashSet();
        foreach (var orphan in orphans.Where(_seen.Contains)) _ = Libc.TryReapChild(orphan.Pid);
        _seen = orphans;
        if (orphans.Count > 0) LookLater();
    }

    private Zombie? AsOrphan(int pid) =>
        ReadStat(pid) is { State: "Z" } stat && stat.Session != _session ? new Zombie(pid, stat.StartTime) : null;

    /// <summary>proc(5), /proc/pid/task/tid/children; nothing on a kernel without it.</summary>
    private static IEnumerable<int> Children()
    {
        foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            foreach (var pid in Read(thread + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                yield return int.Parse(pid, CultureInfo.InvariantCulture);
        }
    }

    /// <summary>State, session and start of proc(5), /proc/pid/stat: fields 3, 6 and 22, after a name that may hold anything.</summary>
    private static (string State, int Session, string StartTime)? ReadStat(int pid)
    {
        var stat = Read(FormattableString.Invariant($"/proc/{pid}/stat"));
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 ? (fields[0], int.Parse(fields[3], CultureInfo.InvariantCulture), fields[19]) : null;
    }

    /// <summary>Empty where the process or thread has gone.</summary>
    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>One process: its number may be another's by the next look.</summary>
    private sealed record Zombie(int Pid, string StartTime);
}
