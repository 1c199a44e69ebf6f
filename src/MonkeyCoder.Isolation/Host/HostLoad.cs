using System.Buffers.Text;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Host;

/// <summary>How much the processors of this machine have to do at this moment.</summary>
internal static class HostLoad
{
    // One that works in steps, each in another process, has two or three that can run at times: that is no crowd yet.
    private const int CrowdPerProcessor = 2;

    /// <summary>Whether many more threads want to run than there are processors: what is started now takes time from them.</summary>
    public static bool IsBusy() => ReadRunnable() > CrowdPerProcessor * Environment.ProcessorCount;

    /// <summary>Threads that run or could run, the caller's among them: the fourth field of <c>/proc/loadavg</c> (proc_loadavg(5)); 0 where it cannot be read.</summary>
    public static int ReadRunnable()
    {
        Span<byte> content = stackalloc byte[128];
        try
        {
            content = content[..CgroupFile.Read("/proc/loadavg", content)];
        }
        catch (SyscallException)
        {
            return 0;
        }

        // "0.20 0.18 0.12 1/80 11206"
        for (var field = 0; field < 3; field++)
        {
            var end = content.IndexOf((byte)' ');
            if (end < 0) return 0;
            content = content[(end + 1)..];
        }

        return Utf8Parser.TryParse(content, out int runnable, out _) ? runnable : 0;
    }
}
