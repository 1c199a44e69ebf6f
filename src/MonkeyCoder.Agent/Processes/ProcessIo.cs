using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>Pipes or a terminal between the agent and one process: both sides before the start, ours after it.</summary>
internal sealed class ProcessIo : IDisposable
{
    private readonly List<FileDescriptor> _theirs = [];
    private readonly List<DescriptorMapping> _mappings = [];

    private ProcessIo()
    {
    }

    /// <summary>What the process writes.</summary>
    public List<OutputPipe> Outputs { get; } = [];

    /// <summary>What it reads; null: nothing (/dev/null).</summary>
    public InputPipe? Input { get; private set; }

    /// <summary>The terminal, if it has one.</summary>
    public FileDescriptor? Terminal { get; private set; }

    /// <summary>Path of the terminal for the process to open, if it has one.</summary>
    public string? TerminalPath { get; private set; }

    /// <summary>Descriptors the process gets.</summary>
    public IReadOnlyList<DescriptorMapping> Mappings => _mappings;

    /// <summary>Two output pipes and, if wanted, one for input.</summary>
    /// <exception cref="SyscallException">EMFILE.</exception>
    public static ProcessIo Pipes(bool stdin)
    {
        var io = new ProcessIo();
        try
        {
            io.AddOutput(1, FrameType.Stdout);
            io.AddOutput(2, FrameType.Stderr);
            if (!stdin) return io;
            var (reader, writer) = Libc.Pipe();
            io.Give(reader, 0);
            io.Input = new InputPipe(writer);
            return io;
        }
        catch
        {
            io.Dispose();
            throw;
        }
    }

    /// <summary>What a process writes that has its ends already.</summary>
    public static ProcessIo Reading(FileDescriptor stdout, FileDescriptor stderr)
    {
        var io = new ProcessIo();
        io.Outputs.Add(new OutputPipe(stdout, FrameType.Stdout));
        io.Outputs.Add(new OutputPipe(stderr, FrameType.Stderr));
        return io;
    }

    /// <summary>A terminal of that size that belongs to the user.</summary>
    /// <exception cref="SyscallException">No terminal left, or no devpts.</exception>
    public static ProcessIo OnTerminal(PtySize size, UserAccount user, bool changeOwner)
    {
        var (master, path) = Libc.OpenTerminal();
        var io = new ProcessIo { Terminal = master, TerminalPath = path };
        try
        {
            Libc.SetTerminalSize(master, size.Columns, size.Rows);
            if (changeOwner && Libc.TryChangeOwner(path, user.UserId, uint.MaxValue) is not 0 and var errno)
                throw new SyscallException("lchown", errno, path);
            io.Input = new InputPipe(Libc.DuplicateAtLeast(master, 0));
            io.Outputs.Add(new OutputPipe(Libc.DuplicateAtLeast(master, 0), FrameType.Pty));
            return io;
        }
        catch
        {
            io.Dispose();
            throw;
        }
    }

    /// <summary>Gives a further descriptor to the process.</summary>
    public void Give(FileDescriptor theirs, int target)
    {
        _theirs.Add(theirs);
        _mappings.Add(new DescriptorMapping(theirs, target));
    }

    /// <summary>Closes the process's side in the agent; without that no pipe would ever end.</summary>
    public void Started()
    {
        foreach (var descriptor in _theirs) descriptor.Dispose();
    }

    public void Dispose()
    {
        Started();
        foreach (var output in Outputs) output.Dispose();
        Input?.Dispose();
        Terminal?.Dispose();
    }

    private void AddOutput(int target, FrameType type)
    {
        var (reader, writer) = Libc.Pipe();
        Give(writer, target);
        Outputs.Add(new OutputPipe(reader, type));
    }
}
