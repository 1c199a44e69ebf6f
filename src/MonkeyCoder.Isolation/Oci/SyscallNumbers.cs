using System.Globalization;
using System.Runtime.InteropServices;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Oci;

/// <summary>Numbers of system calls on this architecture, read from <c>syscalls.x64</c> beside this file.</summary>
internal static class SyscallNumbers
{
    private const string Resource = "syscalls.x64";

    /// <summary>By name.</summary>
    /// <exception cref="HostNotReadyException">There is no table for this architecture.</exception>
    public static IReadOnlyDictionary<string, uint> Read()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64)
            throw new HostNotReadyException("The numbers of system calls are known for x86_64 only: this machine has neither the unprivileged tier nor zygotes.");
        using var stream = typeof(SyscallNumbers).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException("The assembly lacks its syscalls.x64.");
        using var reader = new StreamReader(stream);
        var numbers = new Dictionary<string, uint>(StringComparer.Ordinal);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#') || line.Split(' ') is not [var name, var number]) continue;
            numbers[name] = uint.Parse(number, NumberStyles.None, CultureInfo.InvariantCulture);
        }

        return numbers;
    }
}
