using System.Buffers;
using System.Net.Mime;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Sandbox.Problems;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>
/// Reads JSON bodies strictly and says what is wrong with one by field, never by the name of a CLR type. A body over
/// its limit is read to its end (up to <see cref="DrainLimit"/>) and dropped, so that the refusal reaches a client that
/// is still sending.
/// </summary>
internal static class JsonBody
{
    /// <summary>Bytes that are read and dropped at most before the connection is cut: 64 MiB.</summary>
    public const long DrainLimit = 64 * 1024 * 1024;

    /// <summary>Reads the body.</summary>
    /// <param name="request">Whose body.</param>
    /// <param name="maxBytes">Largest body.</param>
    /// <param name="type">What it is.</param>
    /// <param name="optional">Answers for an empty body; null: an empty body is refused.</param>
    /// <param name="cancellationToken">The caller went away.</param>
    public static async Task<Result<T>> ReadAsync<T>(
        HttpRequest request, int maxBytes, JsonTypeInfo<T> type, Func<T>? optional, CancellationToken cancellationToken)
        where T : class
    {
        var body = await ReadBytesAsync(request, maxBytes, cancellationToken).ConfigureAwait(false);
        if (!body.TryGet(out var bytes, out var problem)) return problem;
        if (bytes.WrittenCount == 0 && optional is not null) return optional();
        if (!IsJson(request.ContentType)) return ProblemCatalog.Make(ProblemCodes.UnsupportedMediaType);
        return Parse(bytes.WrittenSpan, type);
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && (type.MediaType.Equals(MediaTypeNames.Application.Json, StringComparison.OrdinalIgnoreCase)
            || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));

    private static async Task<Result<ArrayBufferWriter<byte>>> ReadBytesAsync(
        HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = DrainLimit;
        var buffer = new ArrayBufferWriter<byte>();
        long total = 0;
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken).ConfigureAwait(false);
            total += read.Buffer.Length;
            if (total <= maxBytes)
                foreach (var segment in read.Buffer) buffer.Write(segment.Span);
            request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }

        if (total <= maxBytes) return buffer;
        return ProblemCatalog.Make(
            ProblemCodes.RequestTooLarge, $"The body has {total} bytes and may have {maxBytes}; send a smaller one.");
    }

    private static Result<T> Parse<T>(ReadOnlySpan<byte> bytes, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            if (!IsWellFormed(bytes, type.Options, out var where))
                return ProblemCatalog.Make(ProblemCodes.InvalidJson, $"The body is not JSON {where}; send one JSON object in UTF-8.");
            if (JsonSerializer.Deserialize(bytes, type) is { } value) return value;
            return ProblemCatalog.Make(ProblemCodes.InvalidField, "The body is null; send a JSON object.");
        }
        catch (JsonException exception)
        {
            return ProblemCatalog.Make(ProblemCodes.InvalidField, Describe(exception.Path));
        }
        catch (InvalidOperationException)
        {
            // How the reader reports an escaped surrogate without its other half: legal JSON, no text.
            return ProblemCatalog.Make(
                ProblemCodes.InvalidField, "A string of the body holds half of a surrogate pair; send well-formed Unicode.");
        }
    }

    private static bool IsWellFormed(ReadOnlySpan<byte> bytes, JsonSerializerOptions options, out string where)
    {
        where = "";
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = options.MaxDepth });
        try
        {
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException exception)
        {
            where = $"at line {exception.LineNumber + 1}, byte {exception.BytePositionInLine}";
            return false;
        }
    }

    private static string Describe(string? path)
    {
        var field = path is null or "$" ? "" : path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path;
        const int longest = 100;
        if (field.Length > longest) field = field[..longest];
        return field.Length == 0
            ? "The body is not an object of this request, or says a property twice; send one JSON object."
            : $"The field '{field}' has the wrong type or is there twice; see the documentation of this request.";
    }
}
