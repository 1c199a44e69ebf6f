using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Bench.Service;

/// <summary>What there is on this machine of how many sandboxes, found by their ids and without asking the service.</summary>
internal static class LeftOnMachine
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Waits until nothing is there but of those that wait in the pool.</summary>
    /// <exception cref="InvalidDataException">Something is left.</exception>
    public static async Task ExpectNoneAsync(CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var pooled = await Node.ReadPooledAsync(cancellationToken);
            var found = Count();
            if (found.All(kind => kind.Sandboxes == pooled)) return;
            if (TimeProvider.System.GetElapsedTime(started) > Patience)
                throw new InvalidDataException($"Left behind: {string.Join(", ", found.Select(static kind => $"{kind.Kind} of {kind.Sandboxes} sandboxes"))}; {pooled} wait in the pool.");
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    private static (string Kind, int Sandboxes)[] Count()
    {
        var state = Environment.GetEnvironmentVariable("MONKEY_STATE_DIR") ?? new EngineOptions().StateDirectory;
        return
        [
            ("records", Ids(Names(Path.Combine(state, "sandboxes")))),
            ("pieces of the store", Ids(Names(Path.Combine(state, "store")).Select(static name => name.Split('-')[0]))),
            ("control groups", Ids(Directory.EnumerateDirectories("/sys/fs/cgroup", "i*", SearchOption.AllDirectories).Select(static path => Path.GetFileName(path)))),
            ("mounts", Ids(File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(state, StringComparison.Ordinal)).SelectMany(static line => line.Split('/', ' ')))),
        ];
    }

    private static IEnumerable<string> Names(string directory) => Directory.EnumerateFileSystemEntries(directory).Select(static path => Path.GetFileName(path));

    private static int Ids(IEnumerable<string> names) => names.Where(static name => SandboxId.TryParse(name, out _)).Distinct().Count();
}
