using Microsoft.Win32.SafeHandles;

namespace MonkeyCoder.Linux;

/// <summary>An open file descriptor that is closed once, by whoever disposes it, and only when no call is using it.</summary>
/// <remarks>Every descriptor made through <see cref="Libc"/> is close-on-exec.</remarks>
public sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    /// <summary>Takes ownership of <paramref name="number"/>.</summary>
    public FileDescriptor(int number)
        : base(ownsHandle: true) => SetHandle(number);

    /// <summary>The number; for messages and for handing to another process, not for calls.</summary>
    public int Number => (int)handle;

    /// <summary>Gives the number up: whoever takes it closes it.</summary>
    public int Surrender()
    {
        var number = Number;
        SetHandleAsInvalid();
        return number;
    }

    protected override bool ReleaseHandle() => Libc.CloseNumber((int)handle) == 0;
}
