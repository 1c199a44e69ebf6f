using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// Parses the messages of kernel drivers (<c>templates/base/kernels/PROTOCOL.md</c>). They come from inside a sandbox,
/// so whatever is not exactly of the protocol is refused, and only fields of the protocol pass.
/// </summary>
internal static class KernelMessages
{
    private const int MaxNameLength = 1000;

    // An answer nests a result a few levels deeper, and readers commonly stop at 64.
    private const int MaxDepth = 48;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = MaxDepth };

    private static readonly SearchValues<string> TextFields = SearchValues.Create(
        ["text", "html", "markdown", "svg", "png", "jpeg", "pdf", "latex", "javascript"], StringComparison.Ordinal);

    /// <summary><c>count</c>: the number of the cell, above 0.</summary>
    public static bool TryCount(ReadOnlyMemory<byte> body, out int count)
    {
        count = 0;
        using var document = TryParse(body);
        return document is not null
            && document.RootElement.TryGetProperty("execution_count", out var value)
            && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out count)
            && count > 0;
    }

    /// <summary><c>error</c>: what the cell raised.</summary>
    public static bool TryError(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out CellError? error)
    {
        error = null;
        using var document = TryParse(body);
        if (document is null
            || !TryText(document.RootElement, "name", out var name)
            || !TryText(document.RootElement, "value", out var value)
            || !TryText(document.RootElement, "traceback", out var traceback)
            || name.Length > MaxNameLength)
        {
            return false;
        }

        error = new CellError(name, value, traceback);
        return true;
    }

    /// <summary><c>result</c>: written anew with the fields of the protocol only, in ASCII.</summary>
    public static bool TryResult(ReadOnlyMemory<byte> body, out ReadOnlyMemory<byte> json)
    {
        json = default;
        using var document = TryParse(body);
        if (document is null) return false;
        var buffer = new ArrayBufferWriter<byte>(body.Length + 16);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var property in document.RootElement.EnumerateObject())
                if (!TryWrite(writer, property)) return false;
            writer.WriteEndObject();
        }

        json = buffer.WrittenMemory;
        return true;
    }

    // False where a known field has the wrong type. Unknown fields, and formats that are null, are left out.
    private static bool TryWrite(Utf8JsonWriter writer, JsonProperty property)
    {
        var value = property.Value;
        if (TextFields.Contains(property.Name))
        {
            if (value.ValueKind == JsonValueKind.Null) return true;
            if (!TryText(value, out var text)) return false;
            writer.WriteString(property.Name, text);
            return true;
        }

        switch (property.Name)
        {
            case "is_main_result" when value.ValueKind is JsonValueKind.True or JsonValueKind.False:
            case "json" or "data" or "chart":
            case "extra" when value.ValueKind == JsonValueKind.Object:
                return TryCopy(writer, property);
            case "is_main_result" or "extra":
                return false;
            default:
                return true;
        }
    }

    private static bool TryCopy(Utf8JsonWriter writer, JsonProperty property)
    {
        try
        {
            property.WriteTo(writer);
            return true;
        }
        catch (InvalidOperationException)
        {
            // A string in it is half of a surrogate pair.
            return false;
        }
    }

    private static bool TryText(JsonElement parent, string name, [NotNullWhen(true)] out string? text)
    {
        text = null;
        return parent.TryGetProperty(name, out var value) && TryText(value, out text);
    }

    private static bool TryText(JsonElement value, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (value.ValueKind != JsonValueKind.String) return false;
        try
        {
            text = value.GetString();
            return text is not null;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: JSON, but no text.
            return false;
        }
    }

    private static JsonDocument? TryParse(ReadOnlyMemory<byte> body)
    {
        try
        {
            var document = JsonDocument.Parse(body, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
