using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Zygotes;

/// <summary>Forks Python kernels into one sandbox.</summary>
/// <remarks>
/// <para>1. Pipes and a socket pair between kernel and agent are made here: nothing from inside is passed on.</para>
/// <para>2. Limits, bounding set and new privileges are those that the agent has, so what it would hand on to a kernel.</para>
/// <para>3. The zygote forks; the fork reads its plan, enters, drops everything and answers.</para>
/// </remarks>
internal sealed class KernelForks(
    SandboxId id, SandboxProfile profile, UidRange ids, SandboxProcess agent, TemplateZygotes zygotes, EngineNode node) : IKernelForks
{
    private const string Language = "python";
    private const int AnswerBytes = 512;

    /// <summary>For the way in. A sandbox without CPU time left lets its fork wait as it would a kernel that is started.</summary>
    private static readonly TimeSpan EntranceTimeout = TimeSpan.FromSeconds(10);

    public bool Offers(string language) => language == Language && zygotes.Current is not null;

    public async Task<ForkedKernel?> TryForkAsync(KernelPlanMessage plan, CancellationToken cancellationToken)
    {
        if (zygotes.Current is not { } zygote || !ForkPlan.Suits(plan, profile)) return null;
        try
        {
            var forked = await ForkAsync(zygote, plan, cancellationToken).ConfigureAwait(false);
            zygotes.CountFork();
            return forked;
        }
        catch (Exception e) when (e is ZygoteException or SyscallException or SocketException or IOException or ObjectDisposedException)
        {
            zygotes.ReportFailure(id, e.Message);
            return null;
        }
    }

    private async Task<ForkedKernel> ForkAsync(Zygote zygote, KernelPlanMessage kernel, CancellationToken cancellationToken)
    {
        var theirs = new List<FileDescriptor>();
        var ours = new List<FileDescriptor>();
        try
        {
            // :: Step 1
            using var wire = MakeEnds(ours, theirs, ids.ToHost(profile == SandboxProfile.Strict ? SandboxUser.Id : 0));
            theirs.AddRange(node.Cgroups.ProcessFiles(node.Paths.Cgroup(id)).Select(Libc.OpenForWriting));

            // :: Step 2
            var (bounding, locked) = ReadRights(agent.Pid);
            var plan = new ForkPlan(kernel, Libc.ReadLimits(agent.Pid), bounding, locked).Write(zygotes.FilterOf(profile).Span);

            // :: Step 3
            var told = SendAsync(wire, plan, cancellationToken);
            // One of its own: the number of that of a sandbox that goes meanwhile could be the next one's.
            using var process = Libc.DuplicateAtLeast(agent.Pidfd, 0);
            await zygote.ForkAsync([process, .. theirs], cancellationToken).ConfigureAwait(false);
            foreach (var descriptor in theirs) descriptor.Dispose();
            var pid = await ReadAnswerAsync(wire, cancellationToken).ConfigureAwait(false);
            await told.ConfigureAwait(false);
            var forked = new ForkedKernel(pid, ours[0], ours[1], ours[2]);
            ours.Clear();
            return forked;
        }
        finally
        {
            foreach (var descriptor in theirs.Concat(ours)) descriptor.Dispose();
        }
    }

    /// <summary>Returns the node's end of the plan's socket.</summary>
    /// <param name="ours">What is for the agent.</param>
    /// <param name="theirs">What is for the fork.</param>
    /// <param name="owner">As whom the agent would have made them: it decides who can open them again, by /dev/stdout and the like.</param>
    private static Socket MakeEnds(List<FileDescriptor> ours, List<FileDescriptor> theirs, uint owner)
    {
        var (wire, planEnd) = Libc.SocketPair();
        theirs.Add(planEnd);
#pragma warning disable CA2000 // The socket owns it, and the caller the socket.
        var socket = new Socket(new SafeSocketHandle(wire.Surrender(), ownsHandle: true));
#pragma warning restore CA2000
        var (driver, kernelEnd) = Libc.SocketPair();
        ours.Add(driver);
        theirs.Add(kernelEnd);
        for (var output = 0; output < 2; output++)
        {
            var (reader, writer) = Libc.Pipe();
            ours.Add(reader);
            theirs.Add(writer);
        }

        foreach (var end in theirs)
            if (Libc.TryChangeOwner(end, owner, owner) is not 0 and var errno) throw new SyscallException("fchown", errno, "an end for a kernel");
        return socket;
    }

    private static async Task SendAsync(Socket wire, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty) bytes = bytes[await wire.SendAsync(bytes, cancellationToken).ConfigureAwait(false)..];
    }

    private async Task<int> ReadAnswerAsync(Socket wire, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(EntranceTimeout, node.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var buffer = new byte[AnswerBytes];
        int count;
        try
        {
            count = await wire.ReceiveAsync(buffer, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ZygoteException("A fork did not enter its sandbox in time.", e);
        }

        var answer = Encoding.UTF8.GetString(buffer, 0, count);
        return answer.StartsWith("ok ", StringComparison.Ordinal) && int.TryParse(answer.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
            ? pid
            : throw new ZygoteException(count == 0 ? "A fork ended on its way into its sandbox." : $"A fork answers '{answer}'.");
    }

    private static (ulong Bounding, bool Locked) ReadRights(int pid)
    {
        var (bounding, locked) = (0UL, true);
        foreach (var line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/status")))
        {
            if (line.StartsWith("CapBnd:", StringComparison.Ordinal))
                bounding = ulong.Parse(line.AsSpan(7).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            else if (line.StartsWith("NoNewPrivs:", StringComparison.Ordinal))
                locked = line.AsSpan(11).Trim() is not "0";
        }

        return (bounding, locked);
    }
}
