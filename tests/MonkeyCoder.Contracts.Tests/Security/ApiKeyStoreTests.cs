using MonkeyCoder.Contracts.Security;

namespace MonkeyCoder.Contracts.Tests.Security;

public sealed class ApiKeyStoreTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("monkey-keys-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task CreateAsync_Key_IsKeptAsHashOnly()
    {
        var store = Store();

        var created = await store.CreateAsync("ci", "t1", Token);

        Assert.True(ApiKeyStore.IsWellFormed(created.Key));
        Assert.Matches("^e2b_[0-9a-f]{40}$", created.Key);
        var kept = Assert.Single(store.List());
        Assert.Equal(created.Record, kept);
        Assert.Equal(ApiKeyStore.HashOf(created.Key), kept.Sha256);
        Assert.Equal(created.Key[^4..], kept.Last4);
        Assert.DoesNotContain(created.Key, await File.ReadAllTextAsync(store.FilePath, Token), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(store.FilePath));
    }

    [Fact]
    public async Task RevokeAsync_ByIdOrName_RevokesOnce()
    {
        var store = Store();
        var first = await store.CreateAsync("a", "default", Token);
        await store.CreateAsync("b", "default", Token);
        await store.CreateAsync("b", "default", Token);

        Assert.Single(await store.RevokeAsync(first.Record.Id, Token));
        Assert.Empty(await store.RevokeAsync(first.Record.Id, Token));
        Assert.Equal(2, (await store.RevokeAsync("b", Token)).Count);
        Assert.All(store.List(), key => Assert.NotNull(key.RevokedAt));
    }

    [Fact]
    public async Task CreateAsync_ManyAtOnce_LosesNone()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Store().CreateAsync($"key {i}", "default", Token)));

        Assert.Equal(20, Store().List().Count);
        Assert.Empty(Directory.GetFiles(_directory, "*.tmp"));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"version":2,"keys":[]}""")]
    public async Task List_DamagedFile_Throws(string content)
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, ApiKeyStore.FileName), content, Token);

        Assert.Throws<InvalidDataException>(() => Store().List());
    }

    [Fact]
    public void List_NoFile_IsEmpty() => Assert.Empty(new ApiKeyStore(Path.Combine(_directory, "none"), TimeProvider.System).List());

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("e2b_")]
    [InlineData("e2b_0123456789ABCDEF0123456789abcdef01234567")]
    [InlineData("xxx_0123456789abcdef0123456789abcdef01234567")]
    [InlineData("e2b_0123456789abcdef0123456789abcdef012345678")]
    public void IsWellFormed_AnythingElse_IsNot(string? key) => Assert.False(ApiKeyStore.IsWellFormed(key));

    private ApiKeyStore Store() => new(_directory, TimeProvider.System);
}
