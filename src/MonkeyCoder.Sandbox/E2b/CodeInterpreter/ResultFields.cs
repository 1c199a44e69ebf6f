using System.Text.Json;

namespace MonkeyCoder.Sandbox.E2b.CodeInterpreter;

/// <summary>
/// The fields of a result. It comes from inside the sandbox: only the fields of the contract pass, each is written anew,
/// and so nothing in it can end the line or pretend to be another event.
/// </summary>
internal static class ResultFields
{
    private const int MaxDepth = 64;

    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "is_main_result", "text", "html", "markdown", "svg", "png", "jpeg", "pdf", "latex", "json", "javascript", "data",
        "chart", "extra",
    };

    /// <summary>Names with the place of their values; unset ones and unknown ones are left out.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, out List<(string Name, Range Value)> fields)
    {
        fields = [];
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                var isNull = reader.TokenType == JsonTokenType.Null;
                reader.Skip();
                if (!isNull && Known.Contains(name)) fields.Add((name, start..(int)reader.BytesConsumed));
            }

            // Also checks what follows the object.
            return !reader.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Writes a value that <see cref="TryRead"/> found, token by token.</summary>
    public static void Copy(ReadOnlySpan<byte> value, Utf8JsonWriter writer)
    {
        var reader = new Utf8JsonReader(value, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                case JsonTokenType.PropertyName:
                    WriteName(ref reader, writer);
                    break;
                case JsonTokenType.String:
                    WriteString(ref reader, writer);
                    break;
                case JsonTokenType.Number:
                    writer.WriteRawValue(reader.ValueSpan, skipInputValidation: true);
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    writer.WriteBooleanValue(reader.TokenType == JsonTokenType.True);
                    break;
                default:
                    writer.WriteNullValue();
                    break;
            }
        }
    }

    private static void WriteName(ref Utf8JsonReader reader, Utf8JsonWriter writer)
    {
        if (reader.ValueIsEscaped) writer.WritePropertyName(Text(ref reader));
        else writer.WritePropertyName(reader.ValueSpan);
    }

    private static void WriteString(ref Utf8JsonReader reader, Utf8JsonWriter writer)
    {
        if (reader.ValueIsEscaped) writer.WriteStringValue(Text(ref reader));
        else writer.WriteStringValue(reader.ValueSpan);
    }

    /// <summary>Half of a surrogate pair cannot be decoded; the drivers do not send one, but what runs beside them may.</summary>
    private static string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return "\ufffd";
        }
    }
}
