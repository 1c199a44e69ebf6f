using System.Collections;
using System.Text;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// Texts that wait to be written into an answer. They are kept as UTF-8, half of what they take as strings, and are
/// strings only while somebody looks at them.
/// </summary>
internal sealed class TextList : IReadOnlyList<string>
{
    private readonly List<byte[]> _texts = [];

    public int Count => _texts.Count;

    public string this[int index] => Encoding.UTF8.GetString(_texts[index]);

    /// <summary>Takes the next text.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        _texts.Add(bytes);
    }

    public IEnumerator<string> GetEnumerator()
    {
        foreach (var text in _texts) yield return Encoding.UTF8.GetString(text);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
