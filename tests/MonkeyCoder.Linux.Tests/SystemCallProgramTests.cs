using System.Buffers.Binary;
using System.Text;

namespace MonkeyCoder.Linux.Tests;

public sealed class SystemCallProgramTests
{
    private static readonly Dictionary<string, uint> Numbers = new(StringComparer.Ordinal) { ["open"] = 2, ["close"] = 3, ["execve"] = 59 };

    [Fact]
    public void Render_CallWithText_PointsToItThroughARelocation()
    {
        var program = new SystemCallProgram(Numbers);
        program.Add("open", "/dev/null", 2);

        var (image, relocations) = program.Render();

        Assert.Equal(2, Word(image, 0));
        Assert.Equal([8], relocations);
        Assert.Equal("/dev/null\0", Encoding.ASCII.GetString(image, (int)Word(image, 8), 10));
        Assert.Equal(2, Word(image, 16));
    }

    [Fact]
    public void Render_Vector_EveryPointerOfItIsRelocated()
    {
        var program = new SystemCallProgram(Numbers);
        program.Add("execve", "/a", SystemCallArgument.At(program.AddVector(["/a", "b"])));

        var (image, relocations) = program.Render();

        var vector = (int)Word(image, 16);
        Assert.Equal([8, 16, vector, vector + 8], relocations);
        Assert.Equal("b\0", Encoding.ASCII.GetString(image, (int)Word(image, vector + 8), 2));
        Assert.Equal(0, Word(image, vector + 16));
    }

    [Fact]
    public void Render_Rule_StandsBehindTheArguments()
    {
        var program = new SystemCallProgram(Numbers);
        program.Add(new SystemCallRule(SystemCallProgram.AfterSuccess, ErrnoName.ENOENT, ErrnoName.ENOTDIR, Keeps: true), "close", SystemCallArgument.Kept);

        var (image, _) = program.Render();

        Assert.Equal([-1, ErrnoName.ENOENT, ErrnoName.ENOTDIR, 1 << 16], Enumerable.Range(0, 4).Select(i => BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(56 + (4 * i)))));
    }

    [Fact]
    public void Add_UnknownCall_Throws() => Assert.Throws<KeyNotFoundException>(static () => new SystemCallProgram(Numbers).Add("no_such_call"));

    [Fact]
    public void Messages_WithDescriptors_ArriveWhole()
    {
        var (one, other) = Libc.MessageSocketPair();
        using var ours = one;
        using var theirs = other;
        using var file = Libc.OpenForReading("/dev/null");
        Span<byte> buffer = stackalloc byte[16];

        Assert.Equal(0, Libc.TrySendMessage(ours, "hello"u8, [file.Number, file.Number]));
        Assert.Equal(5, Libc.TryReceiveMessage(theirs, buffer, out var descriptors));

        Assert.Equal("hello"u8.ToArray(), buffer[..5].ToArray());
        Assert.Equal(2, descriptors.Length);
        Assert.All(descriptors, static descriptor => Assert.Equal("/dev/null", new FileInfo($"/proc/self/fd/{descriptor.Number}").LinkTarget));
        foreach (var descriptor in descriptors) descriptor.Dispose();
    }

    [Fact]
    public void TryReceiveMessage_OneThatDoesNotFit_IsRefused()
    {
        var (one, other) = Libc.MessageSocketPair();
        using var ours = one;
        using var theirs = other;

        Assert.Equal(0, Libc.TrySendMessage(ours, "longer than that"u8, []));

        Assert.Equal(-ErrnoName.EMSGSIZE, Libc.TryReceiveMessage(theirs, stackalloc byte[4], out _));
    }

    [Fact]
    public void TryReceiveMessage_NobodyThere_IsTheEnd()
    {
        var (one, other) = Libc.MessageSocketPair();
        using var ours = one;
        other.Dispose();

        Assert.Equal(0, Libc.TryReceiveMessage(ours, stackalloc byte[4], out _));
        Assert.Equal(ErrnoName.EPIPE, Libc.TrySendMessage(ours, "x"u8, []));
    }

    private static long Word(byte[] image, int at) => BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(at));
}
