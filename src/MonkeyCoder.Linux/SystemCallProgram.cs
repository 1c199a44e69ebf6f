using System.Buffers.Binary;
using System.Text;

namespace MonkeyCoder.Linux;

/// <summary>
/// System calls to be made one after the other by a process that can run nothing else: <see cref="Libc.StartInUserNamespace"/> carries
/// them out. They are written into one image: the calls, then what they point to.
/// </summary>
/// <remarks>
/// A call has <see cref="CallBytes"/> bytes: its number and six arguments of 8 bytes each; then, in 4 bytes each, the condition, two
/// errnos that are no failure, and the kept argument. All in the byte order of the machine.
/// </remarks>
public sealed class SystemCallProgram
{
    /// <summary>Bytes of one call in the image.</summary>
    public const int CallBytes = 72;

    /// <summary>Condition of a call that is made whatever the one before it did.</summary>
    public const int Always = 0;

    /// <summary>Condition of a call that is made only where the one before it succeeded. A positive condition is the errno it must have failed with.</summary>
    public const int AfterSuccess = -1;

    /// <summary>The call keeps its result.</summary>
    internal const int KeepResult = 1 << 16;

    private const int MostArguments = 6;
    private const int NoArgument = 0xff;

    private readonly IReadOnlyDictionary<string, uint> _numbers;
    private readonly List<byte[]> _calls = [];
    private readonly List<(int Call, int Argument, int Data)> _pointers = [];
    private readonly List<(int At, int Data)> _pointersInData = [];
    private readonly List<byte> _data = [];

    /// <summary>An empty program.</summary>
    /// <param name="numbers">Numbers of the calls by their names.</param>
    public SystemCallProgram(IReadOnlyDictionary<string, uint> numbers) => _numbers = numbers;

    /// <summary>Calls so far.</summary>
    public int Count => _calls.Count;

    /// <summary>Adds a call that must succeed.</summary>
    public void Add(string name, params ReadOnlySpan<SystemCallArgument> arguments) => Add(new SystemCallRule(), name, arguments);

    /// <summary>Adds a call.</summary>
    /// <param name="rule">When it is made, and what is no failure.</param>
    /// <param name="name">Name in syscalls(2).</param>
    /// <param name="arguments">At most six; the others are 0.</param>
    public void Add(SystemCallRule rule, string name, params ReadOnlySpan<SystemCallArgument> arguments)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(arguments.Length, MostArguments);
        var call = new byte[CallBytes];
        BinaryPrimitives.WriteInt64LittleEndian(call, _numbers[name]);
        var kept = NoArgument;
        for (var i = 0; i < arguments.Length; i++)
        {
            var argument = arguments[i];
            if (argument.IsKept) kept = i;
            else if (argument.Bytes is { } bytes) _pointers.Add((_calls.Count, i, AddData(bytes)));
            else if (argument.Address is { } address) _pointers.Add((_calls.Count, i, address));
            else BinaryPrimitives.WriteInt64LittleEndian(call.AsSpan(8 + (8 * i)), argument.Value);
        }

        BinaryPrimitives.WriteInt32LittleEndian(call.AsSpan(56), rule.Condition);
        BinaryPrimitives.WriteInt32LittleEndian(call.AsSpan(60), rule.Tolerated);
        BinaryPrimitives.WriteInt32LittleEndian(call.AsSpan(64), rule.AlsoTolerated);
        BinaryPrimitives.WriteInt32LittleEndian(call.AsSpan(68), kept | (rule.Keeps ? KeepResult : 0));
        _calls.Add(call);
    }

    /// <summary>Puts bytes beside the calls; returns their address for <see cref="SystemCallArgument.At"/>.</summary>
    public int AddData(ReadOnlySpan<byte> bytes)
    {
        // Aligned as the strictest of what the kernel reads.
        while (_data.Count % 8 != 0) _data.Add(0);
        var at = _data.Count;
        _data.AddRange(bytes);
        return at;
    }

    /// <summary>As <see cref="AddData"/>, for a string with its NUL.</summary>
    public int AddText(string text) => AddData(Encoding.UTF8.GetBytes(text + '\0'));

    /// <summary>Strings, and the array of pointers to them with a null at its end, as execve(2) takes it.</summary>
    public int AddVector(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var addresses = texts.Select(AddText).ToArray();
        var vector = AddData(new byte[8 * (addresses.Length + 1)]);
        for (var i = 0; i < addresses.Length; i++) _pointersInData.Add((vector + (8 * i), addresses[i]));
        return vector;
    }

    /// <summary>struct sock_fprog of seccomp(2).</summary>
    /// <param name="filter">Instructions of 8 bytes each.</param>
    public int AddFilter(ReadOnlySpan<byte> filter)
    {
        var description = new byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(description, (ushort)(filter.Length / 8));
        var instructions = AddData(filter);
        var at = AddData(description);
        _pointersInData.Add((at + 8, instructions));
        return at;
    }

    /// <summary>The image, and the places in it that hold an offset into it where the kernel wants an address.</summary>
    public (byte[] Image, int[] Relocations) Render()
    {
        var start = _calls.Count * CallBytes;
        var image = new byte[start + _data.Count];
        for (var i = 0; i < _calls.Count; i++) _calls[i].CopyTo(image, i * CallBytes);
        _data.CopyTo(image, start);
        var places = _pointers.Select(pointer => (At: (pointer.Call * CallBytes) + 8 + (8 * pointer.Argument), pointer.Data))
            .Concat(_pointersInData.Select(pointer => (At: start + pointer.At, pointer.Data))).ToArray();
        foreach (var (at, data) in places) BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(at), start + data);
        return (image, [.. places.Select(static place => place.At)]);
    }
}

/// <summary>When a call of a <see cref="SystemCallProgram"/> is made, and what is no failure.</summary>
/// <param name="Condition"><see cref="SystemCallProgram.Always"/>, <see cref="SystemCallProgram.AfterSuccess"/>, or an errno of the call before.</param>
/// <param name="Tolerated">An errno that is no failure; 0: none.</param>
/// <param name="AlsoTolerated">Another one.</param>
/// <param name="Keeps">Its result is kept for arguments that are <see cref="SystemCallArgument.Kept"/>.</param>
public readonly record struct SystemCallRule(int Condition = SystemCallProgram.Always, int Tolerated = 0, int AlsoTolerated = 0, bool Keeps = false);

/// <summary>One argument: a number, bytes that the kernel reads, or the result of an earlier call.</summary>
public readonly record struct SystemCallArgument
{
    /// <summary>The number, where it is one.</summary>
    public long Value { get; private init; }

    /// <summary>What it points to, where that is its own.</summary>
    internal byte[]? Bytes { get; private init; }

    /// <summary>Where it points to in the data of the program.</summary>
    internal int? Address { get; private init; }

    /// <summary>It is the kept result.</summary>
    internal bool IsKept { get; private init; }

    /// <summary>The result that was kept last.</summary>
    public static SystemCallArgument Kept { get; } = new() { IsKept = true };

    /// <summary>The address of data in the program.</summary>
    public static SystemCallArgument At(int address) => new() { Address = address };

    /// <summary>A pointer to bytes of its own.</summary>
    public static SystemCallArgument Pointer(byte[] bytes) => new() { Bytes = bytes };

    public static implicit operator SystemCallArgument(long value) => new() { Value = value };

    public static implicit operator SystemCallArgument(string text) => new() { Bytes = Encoding.UTF8.GetBytes(text + '\0') };
}
