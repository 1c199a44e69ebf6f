namespace MonkeyCoder.Isolation.Store;

/// <summary>Names of pieces become file names of the host, so they are checked.</summary>
internal static class StoreName
{
    private const int MaxLength = 200;

    public static bool IsValid(string name) =>
        name.Length is > 0 and <= MaxLength && name[0] != '-' && name.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');

    public static void Check(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsValid(name)) throw new ArgumentException($"'{name}' is not a name for a piece of the store.", nameof(name));
    }
}
