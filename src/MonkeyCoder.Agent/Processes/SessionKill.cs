using System.Globalization;
using System.Text;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>Kills what a shell with job control has put into groups of their own: all members of a session.</summary>
internal static class SessionKill
{
    // A member may fork while the list is being read; what it made is found in the next round.
    private const int Rounds = 4;

    public static void Run(int session)
    {
        for (var round = 0; round < Rounds; round++)
        {
            var found = false;
            foreach (var name in Libc.TryListNames("/proc", out _) ?? [])
            {
                if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) continue;
                if (!IsAliveIn(pid, session)) continue;
                found |= Libc.TryKill(pid, Libc.SIGKILL) == 0;
            }

            if (!found) return;
        }
    }

    private static bool IsAliveIn(int pid, int session)
    {
        using var file = Libc.TryOpen($"/proc/{pid}/stat", OpenHow.Read, 0, out _);
        if (file is null) return false;
        Span<byte> buffer = stackalloc byte[512];
        var count = Libc.TryRead(file, buffer);
        if (count <= 0) return false;

        // proc_pid_stat(5): pid (comm) state ppid pgrp session …; comm may hold anything, so look from its last bracket.
        var text = Encoding.ASCII.GetString(buffer[..count]);
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 3 && fields[0] is not ("Z" or "X")
            && int.TryParse(fields[3], NumberStyles.None, CultureInfo.InvariantCulture, out var its) && its == session;
    }
}
