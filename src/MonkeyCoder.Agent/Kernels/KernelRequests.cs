using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Agent.Processes;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Kernels;

/// <summary>Requests about kernels, and the table of those that live.</summary>
internal sealed class KernelRequests(AgentOptions options, ProcessPlan plan, ChildTable children, OutputPace pace)
{
    /// <summary>Kernels of one sandbox at one time.</summary>
    private const int MaxKernels = 64;

    private const int DriverDescriptor = 3;
    private const int StackBytes = 256 * 1024;
    private const int MaxArgvBytes = 64 * 1024;

    private static readonly Dictionary<string, string> NoVariables = [];

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Kernel> _kernels = [];

    public void Open(FrameChannel channel, KernelOpenRequest request)
    {
        if (request.ContextId.Length is 0 or > 256) throw new AgentFault(AgentErrorCode.InvalidArgument, "a context id has 1 to 256 characters");
        Kernel kernel;
        lock (_gate) kernel = TryFind(request) ?? Start(request);
        kernel.AwaitReady(channel);
    }

    /// <summary>As <see cref="Open"/>, with a process that the node forks; as which user and where, is said here.</summary>
    public void Fork(FrameChannel channel, KernelOpenRequest request)
    {
        if (request.ContextId.Length is 0 or > 256) throw new AgentFault(AgentErrorCode.InvalidArgument, "a context id has 1 to 256 characters");
        Kernel? kernel;
        lock (_gate) kernel = TryFind(request);
        if (kernel is null)
        {
            var configured = plan.Configured;
            channel.TrySend(FrameType.KernelPlan, PlanOf(request));
            if (!channel.TryReceive(out var type, out var payload, out var descriptors)) return;
            try
            {
                if (type != FrameType.KernelForked || descriptors.Length != ForkedKernelMessage.Descriptors)
                    throw new InvalidDataException("No forked kernel has come.");
                var reader = new WireReader(payload.Span);
                kernel = Adopt(request, configured, ForkedKernelMessage.Read(ref reader).Pid, descriptors);
            }
            catch
            {
                foreach (var descriptor in descriptors) descriptor.Dispose();
                throw;
            }
        }

        kernel.AwaitReady(channel);
    }

    public void Execute(FrameChannel channel, ReadOnlySpan<byte> payload)
    {
        var cell = Cell.Read(channel, plan.Configured, payload, out var contextId);
        Find(contextId).Execute(cell);
    }

    public void Interrupt(FrameChannel channel, KernelRequest request)
    {
        Find(request.ContextId).Interrupt();
        channel.TrySend(FrameType.Ok);
    }

    public void Close(FrameChannel channel, KernelRequest request)
    {
        var kernel = Find(request.ContextId);
        kernel.Close();
        Forget(request.ContextId, kernel);
        channel.TrySend(FrameType.Ok);
    }

    private Kernel Find(string contextId)
    {
        lock (_gate)
        {
            return _kernels.TryGetValue(contextId, out var kernel)
                ? kernel
                : throw new AgentFault(AgentErrorCode.NotFound, $"kernel '{contextId}' not found");
        }
    }

    private void Forget(string contextId, Kernel kernel)
    {
        lock (_gate)
        {
            if (_kernels.TryGetValue(contextId, out var current) && current == kernel) _kernels.Remove(contextId);
        }
    }

    /// <summary>The kernel that is meant, where there is one. The caller holds the lock.</summary>
    /// <exception cref="AgentFault">It speaks another language; or there is none, and no room for one.</exception>
    private Kernel? TryFind(KernelOpenRequest request)
    {
        if (_kernels.TryGetValue(request.ContextId, out var existing))
        {
            return existing.Language == request.Language
                ? existing
                : throw new AgentFault(AgentErrorCode.AlreadyExists, $"kernel '{request.ContextId}' runs {existing.Language}, not {request.Language}");
        }

        return _kernels.Count < MaxKernels
            ? null
            : throw new AgentFault(AgentErrorCode.ResourceExhausted, $"a sandbox has at most {MaxKernels} kernels");
    }

    private KernelPlanMessage PlanOf(KernelOpenRequest request)
    {
        _ = DriverCommand(request.Language);
        var user = plan.User(request.User);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in plan.Variables(user, NoVariables))
        {
            var end = variable.IndexOf('=', StringComparison.Ordinal);
            variables[variable[..end]] = variable[(end + 1)..];
        }

        return new KernelPlanMessage(
            (int)user.UserId, (int)user.GroupId, plan.SwitchesUsers ? [.. user.Groups.Select(static group => (int)group)] : [], variables,
            plan.Directory(request.WorkingDirectory ?? "~", user, useDefault: false));
    }

    /// <summary>Takes over a process that the node has forked. The descriptors are the kernel's where this returns.</summary>
    private Kernel Adopt(KernelOpenRequest request, ConfigureRequest configured, int pid, FileDescriptor[] descriptors)
    {
        var child = children.TryAdopt(pid) ?? throw new AgentFault(AgentErrorCode.NotFound, $"process {pid} is no child of the agent");
        try
        {
            lock (_gate)
            {
                if (TryFind(request) is null)
                    return Attach(request, child, configured, ProcessIo.Reading(descriptors[1], descriptors[2]), descriptors[0]);
            }

            throw new AgentFault(AgentErrorCode.AlreadyExists, $"kernel '{request.ContextId}' has been opened meanwhile");
        }
        catch
        {
            children.KillAll(child);
            child.Dispose();
            throw;
        }
    }

    /// <summary>Makes a process a kernel, with its pump. The caller holds the lock.</summary>
    private Kernel Attach(KernelOpenRequest request, Child child, ConfigureRequest configured, ProcessIo io, FileDescriptor driver)
    {
        var kernel = new Kernel(request.Language, child, children, configured);
        var pump = new KernelPump(kernel, io, driver, children, pace);
        _kernels[request.ContextId] = kernel;
        try
        {
            new Thread(() => Run(request.ContextId, kernel, pump, io, driver), StackBytes).Start();
            return kernel;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            _kernels.Remove(request.ContextId);
            throw new AgentFault(AgentErrorCode.ResourceExhausted, "the sandbox has no room for another kernel");
        }
    }

    /// <summary>Starts a driver and its pump. The caller holds the lock.</summary>
    private Kernel Start(KernelOpenRequest request)
    {
        var arguments = DriverCommand(request.Language);
        var user = plan.User(request.User);
        var configured = plan.Configured;
        var environment = plan.Variables(user, NoVariables);
        var directory = plan.Directory(request.WorkingDirectory ?? "~", user, useDefault: false);
        var io = ProcessIo.Pipes(stdin: false);
        FileDescriptor? ours = null;
        Child? child = null;
        try
        {
            (ours, var theirs) = Libc.SocketPair();
            io.Give(theirs, DriverDescriptor);
            child = children.Start(new SpawnRequest
            {
                Path = arguments[0],
                Arguments = arguments,
                Environment = environment,
                WorkingDirectory = directory,
                Descriptors = io.Mappings,
            }, user);
            io.Started();
            return Attach(request, child, configured, io, ours);
        }
        catch
        {
            if (child is not null) children.KillAll(child);
            io.Dispose();
            ours?.Dispose();
            child?.Dispose();
            throw;
        }
    }

    private void Run(string contextId, Kernel kernel, KernelPump pump, ProcessIo io, FileDescriptor driver)
    {
        ChildExit exit;
        var lastWords = "";
        try
        {
            (exit, lastWords) = pump.Run();
        }
        catch (SyscallException e)
        {
            // poll(2) itself failed, for want of memory.
            AgentLog.Write($"lost the {kernel.Language} kernel {kernel.Child.Pid}: {e.Message}");
            children.KillAll(kernel.Child);
            exit = new ChildExit(kernel.Child.Pid, -1, Libc.SIGKILL);
        }

        // First forgotten, then reported: whoever hears of it can open a new one at once.
        Forget(contextId, kernel);
        kernel.MarkDied(exit, lastWords);
        driver.Dispose();
        io.Dispose();
        kernel.Child.Dispose();
    }

    private List<string> DriverCommand(string language)
    {
        if (language.Length is 0 or > 32 || !language.All(character => character is (>= 'a' and <= 'z') or (>= '0' and <= '9')))
            throw new AgentFault(AgentErrorCode.Unimplemented, "a language has 1 to 32 characters of a to z and 0 to 9");
        using var file = Libc.TryOpen(Path.Combine(options.KernelsDirectory, language, "argv"), OpenHow.Read, 0, out _)
            ?? throw new AgentFault(AgentErrorCode.Unimplemented, $"this sandbox has no kernel for language '{language}'");
        var buffer = new byte[MaxArgvBytes];
        var count = Math.Max(0, Libc.TryRead(file, buffer));
        var arguments = System.Text.Encoding.UTF8.GetString(buffer, 0, count).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return arguments.Length > 0 && arguments[0].StartsWith('/')
            ? [.. arguments]
            : throw new AgentFault(AgentErrorCode.Internal, $"the driver of language '{language}' has no absolute path");
    }
}
