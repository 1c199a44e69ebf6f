using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Launching;

/// <summary>
/// Starts the agents of sandboxes in namespaces of their own, for a node that runs as root. One thread, one plan after the other;
/// the processes become children of the node. Ends with the control socket, so with the node.
/// </summary>
internal static class Launcher
{
    private const int Descriptors = 3;

    /// <summary>Below, descriptors would lie where those of a new process are going to be.</summary>
    private const int LeastFree = 5;

    /// <summary>Serves until nobody is at the other end.</summary>
    public static int Run()
    {
        using var control = new FileDescriptor(LaunchPlan.ControlFileDescriptor);
        Libc.SetCloseOnExec(control);
        using var place = Libc.DuplicateAtLeast(control, LeastFree - 1);
        var buffer = new byte[LaunchPlan.MaxBytes];
        var writer = new WireWriter();
        while (Libc.TryReceiveMessage(control, buffer, out var received) is > 0 and var length)
        {
            FileDescriptor? pidfd = null;
            FileDescriptor? status = null;
            LaunchAnswer answer;
            try
            {
                var reader = new WireReader(buffer.AsSpan(0, length));
                answer = new LaunchAnswer(Start(LaunchPlan.Read(ref reader), received, out pidfd, out status), null);
            }
            catch (Exception e) when (e is SyscallException or InvalidDataException or ArgumentException)
            {
                answer = new LaunchAnswer(0, e.Message);
            }

            using (pidfd)
            using (status)
            {
                writer.Clear();
                answer.Write(writer);
                _ = Libc.TrySendMessage(control, writer.Written, pidfd is null ? [] : [pidfd.Number, status!.Number]);
            }

            foreach (var descriptor in received) descriptor.Dispose();
        }

        return 0;
    }

    private static int Start(LaunchPlan plan, FileDescriptor[] received, out FileDescriptor? pidfd, out FileDescriptor? status)
    {
        (pidfd, status) = (null, null);
        if (received.Length != Descriptors) throw new InvalidDataException($"A plan comes with {Descriptors} descriptors, and this one with {received.Length}.");
        var (ours, theirs) = Libc.SocketPair();
        using var theirEnd = theirs;
        try
        {
            var pid = Libc.StartInUserNamespace(
                plan.Image.Span, MemoryMarshal.Cast<byte, int>(plan.Relocations.Span), plan.Count,
                [received[0].Number, received[1].Number, received[1].Number, received[2].Number], theirs.Number, out pidfd);
            var process = string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/");
            // Both before the first instruction of the program: it has no ids before, and its group is the root of what it sees.
            var map = string.Create(CultureInfo.InvariantCulture, $"0 {plan.FirstId} {plan.Ids}\n");
            Write(process + "uid_map", map);
            Write(process + "gid_map", map);
            Write(process + "oom_score_adj", plan.OutOfMemoryScore.ToString(CultureInfo.InvariantCulture));
            foreach (var limit in plan.Limits) Libc.SetLimit(pid, limit.Resource, (ulong)limit.Soft, (ulong)limit.Hard);
            foreach (var group in plan.Groups) Write(group, pid.ToString(CultureInfo.InvariantCulture));
            var errno = -Libc.TrySendAll(ours, [1]);
            if (errno != 0) throw new SyscallException("send", errno, "a new process");
            status = ours;
            return pid;
        }
        catch
        {
            // It waits for a byte that does not come, and is the node's to reap, which is not told of it: its orphan reaper finds it.
            if (pidfd is not null) _ = Libc.TrySendSignal(pidfd, Libc.SIGKILL);
            pidfd?.Dispose();
            pidfd = null;
            ours.Dispose();
            throw;
        }
    }

    private static void Write(string path, string text)
    {
        using var file = Libc.OpenForWriting(path);
        Span<byte> bytes = stackalloc byte[64];
        var errno = -Libc.TryWrite(file, bytes[..Encoding.ASCII.GetBytes(text, bytes)]);
        if (errno > 0) throw new SyscallException("write", errno, path);
    }
}
