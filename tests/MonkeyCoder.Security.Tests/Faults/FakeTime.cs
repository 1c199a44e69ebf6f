namespace MonkeyCoder.Security.Tests.Faults;

/// <summary>The library that moves the clock of one process (Debian's package libfaketime).</summary>
internal static class FakeTime
{
    public static string? Library { get; } =
        new[] { "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1" }.FirstOrDefault(File.Exists);
}
