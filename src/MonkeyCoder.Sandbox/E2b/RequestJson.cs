using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MonkeyCoder.Sandbox.E2b;

/// <summary>A body that was read as JSON, or why it could not be.</summary>
/// <param name="Value">null where there was a problem, and where the body was empty.</param>
/// <param name="Status">200, or the HTTP status of the problem.</param>
/// <param name="Problem">A sentence that names fields and never types of ours.</param>
internal readonly record struct JsonRead<T>(T? Value, int Status, string? Problem) where T : class
{
    /// <summary>There was no body at all.</summary>
    public bool Empty => Value is null && Problem is null;
}

/// <summary>Reads JSON bodies of a bounded size, whatever their encoding or content type says.</summary>
internal static class RequestJson
{
    /// <summary>Reads the whole body, at most <paramref name="maxBytes"/>, chunked or not.</summary>
    public static async ValueTask<JsonRead<T>> ReadAsync<T>(
        HttpRequest request, JsonTypeInfo<T> type, int maxBytes, CancellationToken cancellationToken) where T : class
    {
        var reader = request.BodyReader;
        while (true)
        {
            ReadResult result;
            try
            {
                result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (BadHttpRequestException e)
            {
                // Who sends byte by byte gets no answer, and no place for it.
                if (e.StatusCode == StatusCodes.Status408RequestTimeout) request.HttpContext.Abort();
                return new(null, e.StatusCode, "the request body is malformed or too large");
            }

            if (result.Buffer.Length > maxBytes)
            {
                reader.AdvanceTo(result.Buffer.End);
                return new(null, StatusCodes.Status413PayloadTooLarge, $"the request body is larger than {maxBytes} bytes");
            }

            if (result.IsCompleted)
            {
                var read = Parse(result.Buffer, type);
                reader.AdvanceTo(result.Buffer.End);
                return read;
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }

    /// <summary>Parses one JSON value.</summary>
    public static JsonRead<T> Parse<T>(ReadOnlySequence<byte> json, JsonTypeInfo<T> type) where T : class
    {
        if (json.IsEmpty) return default;
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = type.Options.MaxDepth });
            var value = JsonSerializer.Deserialize(ref reader, type);
            // Nothing may follow the value.
            if (value is null || reader.Read()) return Wrong<T>("the request body must be one JSON object");
            return new(value, StatusCodes.Status200OK, null);
        }
        catch (JsonException e)
        {
            return Wrong<T>(Describe(e));
        }
    }

    private static JsonRead<T> Wrong<T>(string problem) where T : class => new(null, StatusCodes.Status400BadRequest, problem);

    /// <summary>The framework's messages name our types; the path and the quoted field names are the caller's.</summary>
    private static string Describe(JsonException exception)
    {
        const string Missing = "including: ";
        var missing = exception.Message.IndexOf(Missing, StringComparison.Ordinal);
        if (missing >= 0)
        {
            var end = exception.Message.IndexOf('.', missing);
            var names = exception.Message[(missing + Missing.Length)..(end < 0 ? exception.Message.Length : end)];
            return $"the request body lacks {names}";
        }

        return exception.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal)
            ? $"the value of '{path[2..]}' is not valid"
            : "the request body is not valid JSON";
    }
}
