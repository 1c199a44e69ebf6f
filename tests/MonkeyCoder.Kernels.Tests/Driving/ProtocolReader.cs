using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MonkeyCoder.Kernels.Tests.Driving;

/// <summary>Takes apart what a driver sends, and holds it to the letter of the protocol.</summary>
internal sealed class ProtocolReader : IDisposable
{
    private readonly MemoryStream _pending = new();
    private readonly List<JsonElement> _results = [];
    private string? _kind;
    private int _bodyBytes;

    public bool IsReady { get; private set; }

    public bool IsIdle { get; private set; }

    public int Count { get; private set; }

    public JsonElement? Error { get; private set; }

    /// <summary>What the checker of code says.</summary>
    public JsonElement? Findings { get; private set; }

    public IReadOnlyList<JsonElement> Results => _results;

    public void Dispose() => _pending.Dispose();

    public void BeginCell()
    {
        IsIdle = false;
        Error = null;
        Findings = null;
        _results.Clear();
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        _pending.Write(bytes);
        if (_kind is not null && _pending.Length < _bodyBytes) return;
        var all = _pending.ToArray().AsSpan();
        while (TryTakeOne(ref all))
        {
        }

        _pending.SetLength(0);
        _pending.Write(all);
    }

    private bool TryTakeOne(ref Span<byte> bytes)
    {
        if (_kind is null)
        {
            var end = bytes.IndexOf((byte)'\n');
            if (end < 0) return false;
            TakeHeader(Encoding.ASCII.GetString(bytes[..end]).Split(' '));
            bytes = bytes[(end + 1)..];
            return true;
        }

        if (bytes.Length < _bodyBytes) return false;
        TakeBody(_kind, bytes[.._bodyBytes]);
        bytes = bytes[_bodyBytes..];
        _kind = null;
        return true;
    }

    private void TakeHeader(string[] words)
    {
        switch (words)
        {
            case ["ready"]:
                Assert.False(IsReady, "'ready' comes once.");
                IsReady = true;
                break;
            case ["idle"]:
                Assert.False(IsIdle, "'idle' comes once a cell.");
                IsIdle = true;
                break;
            case ["message", var kind, var length]:
                Assert.False(IsIdle, $"'{kind}' came between cells.");
                _kind = kind;
                _bodyBytes = int.Parse(length, NumberStyles.None, CultureInfo.InvariantCulture);
                break;
            default:
                Assert.Fail($"No header of the protocol: {string.Join(' ', words)}");
                break;
        }
    }

    private void TakeBody(string kind, ReadOnlySpan<byte> body)
    {
        Assert.True(Ascii.IsValid(body), "A body is ASCII.");
        Assert.InRange(body.Length, 2, 32 << 20);
        var json = JsonDocument.Parse(body.ToArray()).RootElement;
        // Lone surrogates are invalid JSON for a strict reader: reading all strings finds them.
        ReadStrings(json);
        switch (kind)
        {
            case "count":
                Count = json.GetProperty("execution_count").GetInt32();
                break;
            case "result":
                _results.Add(json);
                break;
            case "error":
                Assert.Null(Error);
                Error = json;
                break;
            case "findings":
                Assert.Null(Findings);
                Findings = json;
                break;
            default:
                Assert.Fail($"No message of the protocol: {kind}");
                break;
        }
    }

    private static void ReadStrings(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray()) ReadStrings(item);
                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject()) ReadStrings(property.Value);
                break;
        }
    }
}
