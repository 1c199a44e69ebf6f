using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.E2b.Envd;
using MonkeyCoder.Sandbox.Tests.E2b.Control;

namespace MonkeyCoder.Sandbox.Tests.E2b.Envd;

public sealed class EnvdFilesTests : IAsyncLifetime
{
    private E2bNode _node = null!;
    private Created _sandbox = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await E2bNode.StartAsync();
        _sandbox = await _node.CreateAsync();
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Get_AWholeFile_HasItsLengthTypeAndName()
    {
        _node.Agent.Files["/home/user/ü.html"] = "<p>"u8.ToArray();

        using var response = await GetAsync("/files?path=%C3%BC.html");

        Assert.Equal("<p>", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(3, response.Content.Headers.ContentLength);
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("inline", response.Content.Headers.ContentDisposition!.ToString(), StringComparison.Ordinal);
        Assert.Equal("Accept-Encoding", response.Headers.Vary.Single());
        Assert.Equal("sandbox", response.Headers.GetValues("Content-Security-Policy").Single());
    }

    [Theory]
    [InlineData("bytes=2-4", 206, "234", "bytes 2-4/10")]
    [InlineData("bytes=7-", 206, "789", "bytes 7-9/10")]
    [InlineData("bytes=-2", 206, "89", "bytes 8-9/10")]
    [InlineData("bytes=5-100", 206, "56789", "bytes 5-9/10")]
    [InlineData("bytes=10-", 416, "", "bytes */10")]
    [InlineData("bytes=0-1,3-4", 200, "0123456789", null)]
    [InlineData("lines=0-1", 200, "0123456789", null)]
    public async Task Get_ARange_IsThatPart(string range, int status, string content, string? contentRange)
    {
        _node.Agent.Files["/home/user/f"] = "0123456789"u8.ToArray();

        using var response = await GetAsync("/files?path=f", request => request.Headers.TryAddWithoutValidation("Range", range));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(content, await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(contentRange, response.Content.Headers.ContentRange?.ToString());
    }

    [Fact]
    public async Task Get_NotModifiedSince_Is304()
    {
        _node.Agent.Files["/home/user/f"] = "x"u8.ToArray();
        using var first = await GetAsync("/files?path=f");

        using var second = await GetAsync("/files?path=f", request => request.Headers.IfModifiedSince = first.Content.Headers.LastModified);

        Assert.Equal(304, (int)second.StatusCode);
    }

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("gzip, identity;q=0", true)]
    [InlineData("identity;q=0.5, gzip", true)]
    [InlineData("gzip, deflate", false)]
    [InlineData("identity", false)]
    [InlineData("*", false)]
    [InlineData("gzip;q=0", false)]
    [InlineData(null, false)]
    public async Task Get_ByAcceptEncoding_IsCompressedWherePreferred(string? accept, bool compressed)
    {
        _node.Agent.Files["/home/user/f"] = "compress me"u8.ToArray();

        using var response = await GetAsync("/files?path=f", request =>
        {
            if (accept is not null) request.Headers.TryAddWithoutValidation("Accept-Encoding", accept);
        });

        var body = await response.Content.ReadAsStreamAsync(Cancelled);
        Assert.Equal(compressed, response.Content.Headers.ContentEncoding.Contains("gzip"));
        await using var content = compressed ? new GZipStream(body, CompressionMode.Decompress) : body;
        using var reader = new StreamReader(content);
        Assert.Equal("compress me", await reader.ReadToEndAsync(Cancelled));
    }

    [Fact]
    public async Task Get_WithNothingAcceptable_Is406()
    {
        using var response = await GetAsync(
            "/files?path=f", request => request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity;q=0, gzip;q=0"));

        Assert.Equal(406, (int)response.StatusCode);
    }

    [Fact]
    public async Task Get_WithoutASize_IsStreamed()
    {
        _node.Agent.HidesSizes = true;
        _node.Agent.Files["/proc/version"] = "Linux"u8.ToArray();

        using var response = await GetAsync("/files?path=/proc/version");

        Assert.Equal("Linux", await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData("/files?path=nothing", null, 404, "path 'nothing' does not exist")]
    [InlineData("/files?path=d", AgentErrorCode.InvalidArgument, 400, "m")]
    [InlineData("/files?path=d", AgentErrorCode.Internal, 500, "m")]
    [InlineData("/files?path=a%00b", null, 400, "NUL")]
    [InlineData("/files?path=x&username=no-such", null, 401, "no-such")]
    public async Task Get_ThatFails_SaysWhy(string path, AgentErrorCode? refusal, int status, string message)
    {
        if (refusal is { } code) _node.Agent.Failure = new AgentException(code, "m");

        using var response = await GetAsync(path);

        await SandboxEndpointsTests.ExpectErrorAsync(response, status, message);
    }

    [Fact]
    public async Task Post_Bytes_AreWritten()
    {
        using var content = Octets("content"u8.ToArray());
        using var response = await PostAsync("/files?path=a/b.txt&username=root", content, request => request.Headers.Add("X-Metadata-Author", "me"));

        Assert.Equal(
            """[{"name":"b.txt","path":"/home/user/a/b.txt","type":"file","metadata":{"author":"me"}}]""",
            await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("content"u8.ToArray(), _node.Agent.Files["/home/user/a/b.txt"]);
        Assert.Equal("root", _node.Agent.LastUser);
    }

    [Fact]
    public async Task Post_CompressedBytes_AreDecompressed()
    {
        using var memory = new MemoryStream();
        await using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true)) await gzip.WriteAsync("content"u8.ToArray(), Cancelled);
        using var content = Octets(memory.ToArray());
        content.Headers.ContentEncoding.Add("gzip");
        using var response = await PostAsync("/files?path=f", content);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("content"u8.ToArray(), _node.Agent.Files["/home/user/f"]);
    }

    [Fact]
    public async Task Post_AForm_WritesItsFilesByTheirWholeNames()
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("1"), "file", "deep/one.txt" },
            { new StringContent("2"), "file", "/tmp/two.txt" },
            { new StringContent("ignored"), "other", "three.txt" },
        };
        using var response = await PostAsync("/files", form);

        Assert.Equal(
            """[{"name":"one.txt","path":"/home/user/deep/one.txt","type":"file"},{"name":"two.txt","path":"/tmp/two.txt","type":"file"}]""",
            await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("1"u8.ToArray(), _node.Agent.Files["/home/user/deep/one.txt"]);
        Assert.False(_node.Agent.Files.ContainsKey("/home/user/three.txt"));
    }

    [Theory]
    [InlineData("filename=\"q%22%0A ü.txt\"", "/files", "/home/user/q\"\n ü.txt")]
    [InlineData("filename=\"ignored\"", "/files?path=given", "/home/user/given")]
    [InlineData("", "/files?path=given", "/home/user/given")]
    public async Task Post_AFormAsFetchSendsIt_IsUnderstood(string fileName, string path, string written)
    {
        var body = $"--B\r\nContent-Disposition: form-data; name=\"file\"; {fileName}\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n--B--\r\n";
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=B");
        using var response = await PostAsync(path, content);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("x"u8.ToArray(), _node.Agent.Files[written]);
    }

    [Theory]
    [InlineData("multipart/form-data", "x")]
    [InlineData("multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut off")]
    [InlineData("multipart/form-data; boundary=B", "--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--B--\r\n")]
    [InlineData("multipart/form-data; boundary=B", "")]
    [InlineData("application/octet-stream", "no path")]
    [InlineData("text/plain", "x")]
    [InlineData("%%%", "x")]
    public async Task Post_OfWhatIsNoUpload_Is400(string type, string body)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        using var response = await PostAsync("/files", content);

        await SandboxEndpointsTests.ExpectErrorAsync(response, 400, "");
    }

    [Fact]
    public async Task Post_TheSamePathTwice_Is400()
    {
        using var form = new MultipartFormDataContent { { new StringContent("1"), "file", "f" }, { new StringContent("2"), "file", "f" } };
        using var response = await PostAsync("/files", form);

        await SandboxEndpointsTests.ExpectErrorAsync(response, 400, "more than once");
    }

    [Theory]
    [InlineData("br", null, null, 400)]
    [InlineData("gzip", null, null, 400)]
    [InlineData(null, "X-Metadata-a", "5000", 400)]
    public async Task Post_WithBadHeaders_Is400(string? encoding, string? name, string? value, int status)
    {
        using var content = Octets("not compressed"u8.ToArray());
        if (encoding is not null) content.Headers.ContentEncoding.Add(encoding);
        if (value == "5000") value = new string('x', 5000);
        using var response = await PostAsync("/files?path=f", content, request =>
        {
            if (name is not null) request.Headers.TryAddWithoutValidation(name, value);
        });

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Post_WithAFullDisk_Is507()
    {
        _node.Agent.Failure = new AgentException(AgentErrorCode.OutOfSpace, "disk full");
        using var content = Octets(new byte[1000]);
        using var response = await PostAsync("/files?path=f", content);

        await SandboxEndpointsTests.ExpectErrorAsync(response, 507, "disk full");
    }

    [Fact]
    public async Task Compose_JoinsFiles()
    {
        _node.Agent.Files["/home/user/a"] = "1"u8.ToArray();
        _node.Agent.Files["/home/user/b"] = "2"u8.ToArray();
        using var response = await PostAsync("/files/compose", new StringContent("""{"source_paths":["a","b"],"destination":"c"}"""));

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("12"u8.ToArray(), _node.Agent.Files["/home/user/c"]);
        using var bad = await PostAsync("/files/compose", new StringContent("""{"source_paths":[null],"destination":"c"}"""));
        Assert.Equal(400, (int)bad.StatusCode);
    }

    [Fact]
    public async Task Signed_WithoutAnyIdentity_FindsItsSandbox()
    {
        await _node.CreateAsync();
        _node.Agent.Files["/home/user/a b+c"] = "found"u8.ToArray();
        using var response = await _node.Client.GetAsync(Signed("a b+c", "read", _node.Time.GetUtcNow().ToUnixTimeSeconds() + 60), Cancelled);

        Assert.Equal("found", await response.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData("write", 60, "invalid signature")]
    [InlineData("read", -1, "signature is already expired")]
    public async Task Signed_Wrongly_Is401(string operation, int seconds, string message)
    {
        _node.Agent.Files["/home/user/f"] = "x"u8.ToArray();
        using var response = await _node.Client.GetAsync(Signed("f", operation, _node.Time.GetUtcNow().ToUnixTimeSeconds() + seconds), Cancelled);

        await SandboxEndpointsTests.ExpectErrorAsync(response, 401, message);
    }

    [Fact]
    public async Task Signed_ForUpload_IsWritten()
    {
        using var form = new MultipartFormDataContent { { new StringContent("up"), "file", "x" } };
        using var response = await _node.Client.PostAsync(Signed("up.txt", "write", null), form, Cancelled);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("up"u8.ToArray(), _node.Agent.Files["/home/user/up.txt"]);
    }

    [Fact]
    public async Task Get_WithAWrongToken_IsNotSavedByASignature()
    {
        using var request = E2bNode.To(_sandbox, 49983, HttpMethod.Get, Signed("f", "read", null).ToString());
        request.Headers.Add("X-Access-Token", "wrong");
        using var response = await _node.Client.SendAsync(request, Cancelled);

        await SandboxEndpointsTests.ExpectErrorAsync(response, 401, "access token present in header but does not match");
    }

    private static ByteArrayContent Octets(byte[] bytes)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return content;
    }

    private Uri Signed(string path, string operation, long? expiration)
    {
        var signature = new FileSignature(path, operation, "", expiration?.ToString(), "").Expected(_sandbox.Token!);
        var expires = expiration is null ? "" : $"&signature_expiration={expiration}";
        return new Uri($"/files?path={Uri.EscapeDataString(path)}&signature={Uri.EscapeDataString(signature)}{expires}", UriKind.Relative);
    }

    private async Task<HttpResponseMessage> GetAsync(string path, Action<HttpRequestMessage>? adjust = null)
    {
        using var request = E2bNode.Envd(_sandbox, HttpMethod.Get, path);
        adjust?.Invoke(request);
        return await _node.Client.SendAsync(request, Cancelled);
    }

    private async Task<HttpResponseMessage> PostAsync(string path, HttpContent content, Action<HttpRequestMessage>? adjust = null)
    {
        using var request = E2bNode.Envd(_sandbox, HttpMethod.Post, path, content);
        adjust?.Invoke(request);
        return await _node.Client.SendAsync(request, Cancelled);
    }
}
