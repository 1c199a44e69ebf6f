using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Files;

/// <summary>Writes a mode as Go's FileMode.String does, which is what E2B clients see.</summary>
internal static class FileModeText
{
    /// <summary>E.g. <c>-rw-r--r--</c>, <c>drwxr-xr-x</c>, <c>dtrwxrwxrwx</c>, <c>Lrwxrwxrwx</c>.</summary>
    public static string Of(int mode)
    {
        Span<char> text = stackalloc char[16];
        var length = 0;
        var kind = (FileKind)(mode & 0xF000);
        // Order of Go's letters: "dalTLDpSugct?".
        if (kind == FileKind.Directory) text[length++] = 'd';
        if (kind == FileKind.Link) text[length++] = 'L';
        if (kind is FileKind.BlockDevice or FileKind.CharacterDevice) text[length++] = 'D';
        if (kind == FileKind.Pipe) text[length++] = 'p';
        if (kind == FileKind.Socket) text[length++] = 'S';
        if ((mode & 0x800) != 0) text[length++] = 'u';
        if ((mode & 0x400) != 0) text[length++] = 'g';
        if (kind == FileKind.CharacterDevice) text[length++] = 'c';
        if ((mode & 0x200) != 0) text[length++] = 't';
        if (length == 0) text[length++] = '-';
        for (var bit = 8; bit >= 0; bit--)
            text[length++] = (mode & (1 << bit)) != 0 ? "xwr"[bit % 3] : '-';
        return new string(text[..length]);
    }
}
