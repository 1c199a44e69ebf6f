using System.Runtime.CompilerServices;
using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Tests;

/// <summary>
/// A real agent as PID 1 of a pid namespace of its own, with a scratch passwd, so that everything it starts goes with
/// it. Needs root. <c>MONKEY_TEST_AGENT</c> names another binary to test, e.g. the published one.
/// </summary>
public class AgentUnderTest : IDisposable
{
    private readonly FileDescriptor _listener;
    private readonly int _launcher;

    public AgentUnderTest()
        : this(strict: false)
    {
    }

    protected AgentUnderTest(bool strict, int userId = 1001, params string[] wrapper)
    {
        Directory = System.IO.Directory.CreateTempSubdirectory("monkey-agent-").FullName;
        File.SetUnixFileMode(Directory, (UnixFileMode)0x1ED);
        Home = Make("home");
        var etc = Make("etc");
        File.WriteAllText(Path.Combine(etc, "passwd"),
            $"# a comment\nroot:x:0:0:root:{Make("root")}:/bin/bash\nbroken\nuser:x:{userId}:1001::{Home}:/bin/bash\nsandbox:x:{userId}:1001::{Home}:/bin/bash\nother:x:1002:1002::{Home}:/bin/sh\n");
        File.WriteAllText(Path.Combine(etc, "group"), "root:x:0:\nuser:x:1001:\nextra:x:2000:other,user\nmore:x:2001:user\nothers:x:2002:other\n");
        var kernels = Make("kernels");
        AddKernel(kernels, "test", "/usr/bin/python3\n" + Path.Combine(AppContext.BaseDirectory, "Fixtures", "driver.py") + "\n");
        AddKernel(kernels, "dying", "/bin/sh\n-c\necho no luck >&2; exit 7\n");
        AddKernel(kernels, "silent", "/bin/sleep\n100000\n");
        AddKernel(kernels, "garbage", "/bin/bash\n-c\necho ready >&3; read -r header <&3; echo nonsense >&3; sleep 100000\n");
        if (Libc.EffectiveUserId == 0) Libc.ChangeOwner(Home, (uint)userId, 1001);

        SocketPath = Path.Combine(Directory, "agent");
        _listener = Libc.ListenUnix(SocketPath, 128);
        var log = Libc.TryOpen(LogPath, OpenHow.Write | OpenHow.Create, 0x1B6, out _);
        using (log)
        {
            string[] setpriv = strict
                ? ["/usr/bin/setpriv", $"--reuid={userId}", "--regid=1001", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
                : [];
            // The runtime of a debug build handles these unless they are ignored; the published agent leaves it to the kernel, which does.
            string[] env = ["/usr/bin/env", "--ignore-signal=INT,TERM"];
            _launcher = Libc.Spawn(new SpawnRequest
            {
                Path = "/usr/bin/unshare",
                Arguments = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", .. wrapper, .. setpriv, .. env, AgentPath(), "--etc", etc, "--kernels", kernels],
                Environment = Environment(),
                WorkingDirectory = "/",
                Descriptors = [new DescriptorMapping(log!, 1), new DescriptorMapping(log!, 2), new DescriptorMapping(_listener, 3)],
            });
        }

        Client = AgentClient.ForUnixSocket(SocketPath);
    }

    public string Directory { get; }

    /// <summary>Home of users <c>user</c> (groups 1001, 2000, 2001) and <c>sandbox</c>, both uid 1001.</summary>
    public string Home { get; }

    public string SocketPath { get; }

    public string LogPath => Path.Combine(Directory, "log");

    public AgentClient Client { get; }

    /// <summary>Pid of the agent outside its namespace; 0 where it is gone.</summary>
    public int Pid => int.TryParse(File.ReadAllText($"/proc/{_launcher}/task/{_launcher}/children"), out var pid) ? pid : 0;

    /// <summary>Runs a command line in bash to its end.</summary>
    public async Task<Output> RunAsync(string script, string? user = null, [CallerMemberName] string tag = "")
    {
        await using var stream = await Client.StartProcessAsync(Bash(script) with { User = user, Tag = tag }, TestContext.Current.CancellationToken);
        return await Output.ReadAsync(stream);
    }

    public static ProcessStartRequest Bash(string script) =>
        new("/bin/bash", ["-c", script], new Dictionary<string, string>(), null, null, null, false, null);

    /// <summary>A fresh directory of user 1001.</summary>
    public string Scratch([CallerMemberName] string name = "")
    {
        var path = Path.Combine(Home, name);
        System.IO.Directory.CreateDirectory(path);
        Libc.ChangeOwner(path, 1001, 1001);
        return path;
    }

    public void Dispose()
    {
        // The end of PID 1 ends everything in its namespace. Only the launcher's own end would not do: the kernel
        // forgets whom to kill with it when the agent changes its user.
        if (Pid is > 0 and var pid) _ = Libc.TryKill(pid, Libc.SIGKILL);
        _ = Libc.TryKill(_launcher, Libc.SIGKILL);
        _ = Libc.WaitChild(_launcher, keep: false);
        _listener.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    private static string AgentPath() =>
        System.Environment.GetEnvironmentVariable("MONKEY_TEST_AGENT") ?? Path.Combine(AppContext.BaseDirectory, "monkey-agent");

    private static List<string> Environment()
    {
        // The managed build of the agent finds its runtime where ours is.
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return ["PATH=/usr/local/bin:/usr/bin:/bin", $"DOTNET_ROOT={Path.GetFullPath(Path.Combine(runtime, "../../.."))}", "DOTNET_TieredPGO=0"];
    }

    private static void AddKernel(string kernels, string language, string argv)
    {
        var directory = System.IO.Directory.CreateDirectory(Path.Combine(kernels, language));
        File.WriteAllText(Path.Combine(directory.FullName, "argv"), argv);
    }

    private string Make(string name) => System.IO.Directory.CreateDirectory(Path.Combine(Directory, name)).FullName;
}

/// <summary>An agent as the strict profile has it: uid 1001, no capability, no way to get one.</summary>
public sealed class StrictAgentUnderTest() : AgentUnderTest(strict: true);

/// <summary>A strict agent whose user may have few threads and processes, and is nobody else's.</summary>
public sealed class CrowdedAgentUnderTest() : AgentUnderTest(
    strict: true, userId: 1_000_000 + System.Environment.ProcessId, "/usr/bin/prlimit", "--nproc=60");

/// <summary>All that a process wrote.</summary>
public sealed record Output(string Stdout, string Stderr, string Pty, int ExitCode, int Signal)
{
    public static async Task<Output> ReadAsync(IProcessStream stream)
    {
        Dictionary<OutputChannel, MemoryStream> texts = [];
        ProcessExit? exit = null;
        await foreach (var output in stream.ReadAllAsync(TestContext.Current.CancellationToken))
        {
            if (output is ProcessChunk chunk)
            {
                if (!texts.TryGetValue(chunk.Channel, out var text)) texts[chunk.Channel] = text = new MemoryStream();
                text.Write(chunk.Bytes.Span);
            }
            else
            {
                exit = (ProcessExit)output;
            }
        }

        return new Output(Text(OutputChannel.Stdout), Text(OutputChannel.Stderr), Text(OutputChannel.Pty), exit!.ExitCode, exit.Signal);

        string Text(OutputChannel channel) => texts.TryGetValue(channel, out var text) ? Encoding.UTF8.GetString(text.ToArray()) : "";
    }
}
