using System.IO.Compression;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary><c>GET /files</c>: streams a file, whole or a range of it.</summary>
internal static class FileDownloads
{
    private static readonly FileExtensionContentTypeProvider ContentTypes = new();

    /// <summary>1. Opens. 2. Says what comes. 3. Copies, never more than was said.</summary>
    public static async Task HandleAsync(HttpContext context, LiveSandbox sandbox, string? user)
    {
        var encoding = FileEncodings.Choose(context.Request);
        if (encoding == FileEncoding.None)
        {
            await E2bAnswers.WriteErrorAsync(
                context, StatusCodes.Status406NotAcceptable, "no acceptable encoding: offer gzip or identity").ConfigureAwait(false);
            return;
        }

        var path = new PathRequest(AgentText.Path("path", context.Request.Query["path"].ToString()), user);
        // :: Step 1. A range is cut from a size, so the file is opened once to learn it.
        var ranged = encoding == FileEncoding.Identity && context.Request.GetTypedHeaders().Range is not null;
        await using var opened = await OpenAsync(sandbox, path, ranged ? 0 : -1, context.RequestAborted).ConfigureAwait(false);
        var modified = Modified(opened.Entry);
        Describe(context, opened.Entry, modified);
        if (FileConditions.IsNotModified(context.Request, modified))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
        if (ranged && opened.SizeBytes >= 0)
        {
            await SendRangeAsync(context, sandbox, path, opened, modified).ConfigureAwait(false);
        }
        else if (ranged)
        {
            await using var whole = await OpenAsync(sandbox, path, -1, context.RequestAborted).ConfigureAwait(false);
            await SendAsync(context, whole, -1).ConfigureAwait(false);
        }
        else if (encoding == FileEncoding.Gzip)
        {
            await SendGzipAsync(context, opened).ConfigureAwait(false);
        }
        else
        {
            await SendAsync(context, opened, opened.SizeBytes).ConfigureAwait(false);
        }
    }

    private static async Task<IFileDownload> OpenAsync(
        LiveSandbox sandbox, PathRequest path, long length, CancellationToken cancellationToken)
    {
        try
        {
            return await sandbox.Agent.ReadFileAsync(new FileReadRequest(path, 0, length), cancellationToken).ConfigureAwait(false);
        }
        catch (AgentException e) when (e.Code == AgentErrorCode.NotFound)
        {
            throw new AgentException(AgentErrorCode.NotFound, $"path '{path.Path}' does not exist");
        }
    }

    private static async Task SendRangeAsync(
        HttpContext context, LiveSandbox sandbox, PathRequest path, IFileDownload opened, DateTimeOffset modified)
    {
        var size = opened.SizeBytes;
        switch (FileConditions.ReadRange(context.Request, size, modified))
        {
            case { Satisfiable: false }:
                context.Response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                context.Response.GetTypedHeaders().ContentRange = new ContentRangeHeaderValue(size);
                context.Response.ContentLength = 0;
                return;
            case { Length: { } length } range:
                context.Response.StatusCode = StatusCodes.Status206PartialContent;
                context.Response.GetTypedHeaders().ContentRange = new ContentRangeHeaderValue(range.Offset, range.Offset + length - 1, size);
                var request = new FileReadRequest(path, range.Offset, length);
                await using (var part = await sandbox.Agent.ReadFileAsync(request, context.RequestAborted).ConfigureAwait(false))
                    await SendAsync(context, part, length).ConfigureAwait(false);
                return;
            default:
                await using (var whole = await OpenAsync(sandbox, path, size, context.RequestAborted).ConfigureAwait(false))
                    await SendAsync(context, whole, size).ConfigureAwait(false);
                return;
        }
    }

    private static void Describe(HttpContext context, FileEntryInfo entry, DateTimeOffset modified)
    {
        var headers = context.Response.Headers;
        context.Response.ContentType = ContentTypes.TryGetContentType(entry.Name, out var type) ? type : "application/octet-stream";
        var disposition = new ContentDispositionHeaderValue("inline");
        disposition.SetHttpFileName(entry.Name);
        headers.ContentDisposition = disposition.ToString();
        headers.Vary = HeaderNames.AcceptEncoding;
        headers.AcceptRanges = "bytes";
        context.Response.GetTypedHeaders().LastModified = modified;
        // Files are the user's: a page among them must not run with the rights of this origin.
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "sandbox";
    }

    /// <summary>Whole seconds, as HTTP has them.</summary>
    private static DateTimeOffset Modified(FileEntryInfo entry) =>
        DateTimeOffset.FromUnixTimeSeconds(entry.ModifiedUnixNanoseconds / 1_000_000_000);

    /// <param name="context">Where to.</param>
    /// <param name="download">What.</param>
    /// <param name="length">Bytes to send, -1 for as many as come.</param>
    private static async Task SendAsync(HttpContext context, IFileDownload download, long length)
    {
        if (HttpMethods.IsHead(context.Request.Method)) return;
        if (length < 0)
        {
            await download.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
            return;
        }

        context.Response.ContentLength = length;
        await using var bounded = new BoundedStream(context.Response.Body, length);
        try
        {
            await download.CopyToAsync(bounded, context.RequestAborted).ConfigureAwait(false);
        }
        catch (BoundReachedException)
        {
            // The file grew; what was announced has been sent.
        }
    }

    private static async Task SendGzipAsync(HttpContext context, IFileDownload download)
    {
        context.Response.Headers.ContentEncoding = "gzip";
        if (HttpMethods.IsHead(context.Request.Method)) return;
        await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
        await download.CopyToAsync(gzip, context.RequestAborted).ConfigureAwait(false);
    }
}
