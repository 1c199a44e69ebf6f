using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using System.Text.Json.Serialization.Metadata;
using MonkeyCoder.Client.Transport;
using MonkeyCoder.Client.Wire;

namespace MonkeyCoder.Client.Files;

/// <summary>Files of one sandbox: content over <c>/files</c>, the rest over the Connect protocol.</summary>
internal sealed class FileApi(SandboxAccess access)
{
    [SuppressMessage("Reliability", "CA2000", Justification = "Owned by the stream that is returned.")]
    public async Task<Stream> ReadAsync(string path, string? user, CancellationToken cancellationToken)
    {
        var response = await access.OpenAsync(
            () => access.Request(HttpMethod.Get, SandboxAccess.EnvdPort, PathOf(path, user)), cancellationToken).ConfigureAwait(false);
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            return new ResponseStream(response, stream);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public async Task WriteAsync(string path, Stream content, string? user, CancellationToken cancellationToken)
    {
        using var response = await access.OpenAsync(
            () =>
            {
                var request = access.Request(HttpMethod.Post, SandboxAccess.EnvdPort, PathOf(path, user));
                request.Content = new StreamContent(new BorrowedStream(content))
                {
                    Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") },
                };
                return request;
            },
            cancellationToken, once: true).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<FileEntry>> ListAsync(string path, int depth, string? user, CancellationToken cancellationToken)
    {
        var answer = await CallAsync(
            "filesystem.Filesystem/ListDir", new ListDirWire(path, depth), WireJson.Default.ListDirWire,
            WireJson.Default.EntriesAnswerWire, user, cancellationToken).ConfigureAwait(false);
        return [.. (answer.Entries ?? []).Select(static entry => entry.ToEntry())];
    }

    public async Task<FileEntry?> StatAsync(string path, string? user, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await CallAsync(
                "filesystem.Filesystem/Stat", new PathWire(path), WireJson.Default.PathWire,
                WireJson.Default.EntryAnswerWire, user, cancellationToken).ConfigureAwait(false);
            return answer.Entry.ToEntry();
        }
        catch (SandboxApiException exception) when (exception.Code == "not_found")
        {
            return null;
        }
    }

    public async Task<bool> MakeDirectoryAsync(string path, string? user, CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(
                "filesystem.Filesystem/MakeDir", new PathWire(path), WireJson.Default.PathWire,
                WireJson.Default.EntryAnswerWire, user, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (SandboxApiException exception) when (exception.Code == "already_exists")
        {
            return false;
        }
    }

    public Task MoveAsync(string source, string destination, string? user, CancellationToken cancellationToken) =>
        CallAsync(
            "filesystem.Filesystem/Move", new MoveWire(source, destination), WireJson.Default.MoveWire,
            WireJson.Default.EntryAnswerWire, user, cancellationToken);

    public Task RemoveAsync(string path, string? user, CancellationToken cancellationToken) =>
        CallAsync(
            "filesystem.Filesystem/Remove", new PathWire(path), WireJson.Default.PathWire,
            WireJson.Default.EmptyWire, user, cancellationToken);

    private Task<TAnswer> CallAsync<TRequest, TAnswer>(
        string method, TRequest body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType,
        string? user, CancellationToken cancellationToken) =>
        access.Transport.SendAsync(
            () => access.Rpc(method, ApiTransport.Json(body, requestType), user), answerType, cancellationToken);

    private static string PathOf(string path, string? user) =>
        "files?path=" + Uri.EscapeDataString(path) + (user is null ? "" : "&username=" + Uri.EscapeDataString(user));
}
