using System.Text;

namespace MonkeyCoder.Linux.Tests;

public sealed class LibcSpawnTests
{
    [Fact]
    public void Spawn_WithMappedPipe_GivesTheChildThatDescriptorOnly()
    {
        var (reader, writer) = Libc.Pipe();
        using (reader)
        {
            int pid;
            using (writer)
            {
                pid = Libc.Spawn(new SpawnRequest
                {
                    Path = "/bin/sh",
                    Arguments = ["sh", "-c", "pwd; echo $A; ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0"],
                    Environment = ["PATH=/usr/bin:/bin", "A=b"],
                    WorkingDirectory = "/usr",
                    Descriptors = [new DescriptorMapping(writer, 1), new DescriptorMapping(writer, 2)],
                });
            }

            // 3 is the directory that ls itself has open.
            Assert.Equal("/usr\nb\n0 1 2 3 /dev/null\n", ReadAll(reader));
            Assert.Equal(new ChildExit(pid, 0, 0), Libc.WaitChild(pid, keep: false));
        }
    }

    [Fact]
    public void Spawn_WithDescriptorsThatSwapPlaces_KeepsThemApart()
    {
        var (reader, writer) = Libc.Pipe();
        var (otherReader, otherWriter) = Libc.Pipe();
        using (reader)
        using (otherReader)
        {
            int pid;
            using (writer)
            using (otherWriter)
            {
                pid = Libc.Spawn(new SpawnRequest
                {
                    Path = "/bin/bash", // dash knows one-digit descriptors only
                    Arguments = ["bash", "-c", $"echo one >&{otherWriter.Number}; echo two >&{writer.Number}"],
                    Descriptors = [new DescriptorMapping(writer, otherWriter.Number), new DescriptorMapping(otherWriter, writer.Number)],
                });
            }

            Assert.Equal("one\n", ReadAll(reader));
            Assert.Equal("two\n", ReadAll(otherReader));
            Assert.NotNull(Libc.WaitChild(pid, keep: false));
        }
    }

    [Fact]
    public void Spawn_Always_ResetsSignalsAndMakesASession()
    {
        var (reader, writer) = Libc.Pipe();
        using (reader)
        {
            int pid;
            using (writer)
            {
                pid = Libc.Spawn(new SpawnRequest
                {
                    Path = "/bin/sh",
                    Arguments = ["sh", "-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status; cut -d' ' -f5,6 /proc/$$/stat; echo $$"],
                    Environment = ["PATH=/usr/bin:/bin"],
                    Descriptors = [new DescriptorMapping(writer, 1)],
                });
            }

            // 32 and 33 are glibc's own; posix_spawn leaves them ignored in every child.
            Assert.Equal($"SigBlk:\t0000000000000000\nSigIgn:\t0000000180000000\n{pid} {pid}\n{pid}\n", ReadAll(reader));
            Assert.NotNull(Libc.WaitChild(pid, keep: false));
        }
    }

    [Fact]
    public void TrySpawn_MissingProgram_ReturnsErrno()
    {
        Assert.Equal(ErrnoName.ENOENT, Libc.TrySpawn(new SpawnRequest { Path = "/nowhere", Arguments = ["nowhere"] }, out _));
    }

    [Fact]
    public void WaitChild_KilledChild_TellsTheSignal()
    {
        var pid = Libc.Spawn(new SpawnRequest { Path = "/bin/sleep", Arguments = ["sleep", "1000"] });
        Assert.Equal(0, Libc.TryKill(pid, Libc.SIGKILL));
        Assert.Equal(new ChildExit(pid, -1, Libc.SIGKILL), Libc.WaitChild(pid, keep: true));
        Assert.Equal(new ChildExit(pid, -1, Libc.SIGKILL), Libc.TryReapChild(pid));
        Assert.Null(Libc.TryReapChild(pid));
        Assert.Equal(ErrnoName.ESRCH, Libc.TryKill(pid, 0));
    }

    private static string ReadAll(FileDescriptor reader)
    {
        var text = new StringBuilder();
        Span<byte> buffer = stackalloc byte[4096];
        while (Libc.TryRead(reader, buffer) is > 0 and var count) text.Append(Encoding.UTF8.GetString(buffer[..count]));
        return text.ToString();
    }
}
