using System.IO.Compression;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.E2b.Connect;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>
/// <c>POST /files</c>: streams one body, or the parts named <c>file</c> of a form, into files. Nothing is kept in memory;
/// the sandbox's disk is the limit.
/// </summary>
internal static class FileUploads
{
    private const int MaxFiles = 10_000;
    private const int MaxBoundaryLength = 200;
    private const int BufferBytes = 64 * 1024;
    private const string FormPart = "file";

    public static async Task HandleAsync(HttpContext context, LiveSandbox sandbox, string? user)
    {
        // 1. However slow: it goes straight to the sandbox's own disk.
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate) rate.MinDataRate = null;

        // 2. What kind of body it is.
        var metadata = FileMetadata.Read(context.Request);
        var query = context.Request.Query["path"].ToString();
        await using var gzip = IsGzip(context.Request) ? new GZipStream(context.Request.Body, CompressionMode.Decompress, leaveOpen: true) : null;
        var body = gzip ?? context.Request.Body;
        var type = MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var parsed) ? parsed : null;
        var upload = new Upload(sandbox, user, metadata, context.RequestAborted);
        if (type is not null && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
            await ReadFormAsync(body, Boundary(type), query, upload).ConfigureAwait(false);
        else if (type is not null && type.MediaType.Equals("application/octet-stream", StringComparison.OrdinalIgnoreCase))
            await upload.WriteAsync(query.Length > 0 ? query : throw ConnectErrors.InvalidArgument("the query lacks 'path'"), body).ConfigureAwait(false);
        else
            throw ConnectErrors.InvalidArgument($"unsupported content type: {context.Request.ContentType}");

        // 3. What was written.
        await E2bAnswers.WriteAsync(context, upload.Written, E2bJson.Default.IReadOnlyListWrittenFileRecord).ConfigureAwait(false);
    }

    private static bool IsGzip(HttpRequest request) => request.Headers.ContentEncoding.ToString().ToUpperInvariant() switch
    {
        "" or "IDENTITY" => false,
        "GZIP" => true,
        var other => throw ConnectErrors.InvalidArgument($"unsupported content encoding: {other}"),
    };

    private static string Boundary(MediaTypeHeaderValue type)
    {
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).ToString();
        return boundary.Length is > 0 and <= MaxBoundaryLength
            ? boundary
            : throw ConnectErrors.InvalidArgument("the content type lacks a boundary");
    }

    private static async Task ReadFormAsync(Stream body, string boundary, string query, Upload upload)
    {
        var reader = new MultipartReader(boundary, body, BufferBytes);
        while (await reader.ReadNextSectionAsync(upload.CancellationToken).ConfigureAwait(false) is { } section)
        {
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition)
                || HeaderUtilities.RemoveQuotes(disposition.Name) != FormPart) continue;
            var path = query.Length > 0 ? query : FileName(disposition);
            if (path.Length == 0) throw ConnectErrors.InvalidArgument("a part has no file name, and the query lacks 'path'");
            await upload.WriteAsync(path, section.Body).ConfigureAwait(false);
        }
    }

    /// <summary>The whole path, directories too. Form encoders escape three characters (WHATWG HTML, multipart/form-data).</summary>
    private static string FileName(ContentDispositionHeaderValue disposition) =>
        disposition.FileNameStar.HasValue
            ? disposition.FileNameStar.ToString()
            : HeaderUtilities.RemoveQuotes(disposition.FileName).ToString()
                .Replace("%22", "\"", StringComparison.Ordinal)
                .Replace("%0D", "\r", StringComparison.Ordinal)
                .Replace("%0A", "\n", StringComparison.Ordinal);

    /// <summary>The files of one request.</summary>
    private sealed class Upload(
        LiveSandbox sandbox, string? user, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        private readonly HashSet<string> _paths = new(StringComparer.Ordinal);
        private readonly List<WrittenFileRecord> _written = [];

        public IReadOnlyList<WrittenFileRecord> Written => _written;

        public CancellationToken CancellationToken => cancellationToken;

        public async Task WriteAsync(string path, Stream content)
        {
            if (!_paths.Add(path)) throw ConnectErrors.InvalidArgument($"path '{path}' is given more than once");
            if (_paths.Count > MaxFiles) throw ConnectErrors.InvalidArgument($"more than {MaxFiles} files in one request");
            var request = new FileWriteRequest(new PathRequest(AgentText.Path("path", path), user), metadata);
            var entry = await sandbox.Agent.WriteFileAsync(request, content, cancellationToken).ConfigureAwait(false);
            _written.Add(EntryMapper.Written(entry));
        }
    }
}
