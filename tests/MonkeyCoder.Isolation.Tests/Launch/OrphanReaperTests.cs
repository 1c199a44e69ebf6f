using MonkeyCoder.Isolation.Launch;
using MonkeyCoder.Linux;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Isolation.Tests.Launch;

public sealed class OrphanReaperTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Look_ZombieThatNobodyWaitsFor_IsReapedTheSecondTime()
    {
        var orphan = SpawnZombie(newSession: true);
        using var reaper = new OrphanReaper(_time);

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Null(Libc.WaitChild(orphan, keep: true));
    }

    [Fact]
    public void Look_ZombieOfTheOwnSession_IsLeftToItsOwner()
    {
        var child = SpawnZombie(newSession: false);
        using var reaper = new OrphanReaper(_time);

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(7, Libc.WaitChild(child, keep: false)?.ExitCode);
    }

    /// <summary>A child that has ended and has not been waited for.</summary>
    private static int SpawnZombie(bool newSession)
    {
        var pid = Libc.Spawn(new SpawnRequest
        {
            Path = "/bin/sh",
            Arguments = ["sh", "-c", "exit 7"],
            Environment = [],
            NewSession = newSession,
        });
        Assert.Equal(7, Libc.WaitChild(pid, keep: true)?.ExitCode);
        return pid;
    }
}
