using MonkeyCoder.Contracts.Security;

namespace MonkeyCoder.Contracts.Tests.Security;

public sealed class TokenSecretStoreTests : IDisposable
{
    private const string First = "0123456789abcdef0123456789abcdef";
    private const string Second = "fedcba9876543210fedcba9876543210";

    private readonly string _directory = Directory.CreateTempSubdirectory("monkey-secret-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string FilePath => Path.Combine(_directory, TokenSecretStore.FileName);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(First, null)]
    [InlineData(First + "\n", null)]
    [InlineData(First + "\n" + Second + "\n", Second)]
    [InlineData("\n " + First + "\r\n\n" + Second, Second)]
    [InlineData("\uFEFF" + First + "\n", null)]
    public void Parse_OneOrTwoLines_AreTheSecrets(string content, string? previous)
    {
        var secrets = TokenSecrets.Parse(content, out var fault);

        Assert.Null(fault);
        Assert.Equal((First, previous), (secrets!.Current, secrets.Previous));
        Assert.DoesNotContain(First, secrets.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no secret")]
    [InlineData(" \n\n", "no secret")]
    [InlineData(First + "\n" + Second + "\n" + First, "more than two")]
    [InlineData("0123456789abcdef", "first secret that has 16 bytes")]
    [InlineData(First + "\n0123456789abcdef", "second secret that has 16 bytes")]
    [InlineData("abababababababababababababababababababab", "first secret that repeats itself")]
    [InlineData("a\uFFFD1\uFFFDb\uFFFD2\uFFFDc\uFFFD3\uFFFDd\uFFFD4\uFFFD", "first secret that is no text")]
    [InlineData("0123456789\0abcdef0123456789abcdef0123456789", "first secret that is no text")]
    public void Parse_AnythingElse_IsRefusedWithoutShowingIt(string content, string why)
    {
        Assert.Null(TokenSecrets.Parse(content, out var fault));
        Assert.Contains(why, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcdef", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("abab", fault, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RotateAsync_OneSecret_IsBehindANewOneThatSigns()
    {
        var store = Store(First);

        Assert.True(await store.RotateAsync(force: false, Token));

        var secrets = store.Read();
        Assert.Matches("^[0-9a-f]{64}$", secrets.Current);
        Assert.Equal(First, secrets.Previous);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        Assert.Empty(Directory.GetFiles(_directory, "*.tmp"));
    }

    [Fact]
    public async Task RotateAsync_RotationUnderWay_IsForcedOnly()
    {
        var store = Store(First + "\n" + Second);

        Assert.False(await store.RotateAsync(force: false, Token));
        Assert.Equal(First, store.Read().Current);

        Assert.True(await store.RotateAsync(force: true, Token));
        Assert.Equal(First, store.Read().Previous);
        Assert.DoesNotContain(Second, await File.ReadAllTextAsync(FilePath, Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task RetireAsync_TwoSecrets_LeavesTheOneThatSigns()
    {
        var store = Store(First + "\n" + Second);

        Assert.True(await store.RetireAsync(Token));
        Assert.False(await store.RetireAsync(Token));

        Assert.Equal(First + "\n", await File.ReadAllTextAsync(FilePath, Token));
    }

    [Fact]
    public async Task RotateAsync_ManyAtOnce_OneWins()
    {
        Store(First);

        var done = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => NewStore().RotateAsync(force: false, Token)));

        Assert.Single(done, won => won);
        Assert.Equal(First, NewStore().Read().Previous);
    }

    [Fact]
    public async Task RotateAsync_ThroughALink_ChangesWhatItLeadsTo()
    {
        Store(First);
        var link = Path.Combine(_directory, "link");
        File.CreateSymbolicLink(link, FilePath);

        Assert.True(await new TokenSecretStore(link, TimeProvider.System).RotateAsync(force: false, Token));

        Assert.Equal(FilePath, new FileInfo(link).LinkTarget);
        Assert.Equal(First, NewStore().Read().Previous);
    }

    [Fact]
    public async Task RotateAsync_LeftoverOfAKilledRotationThatOthersCouldRead_IsNotWrittenInto()
    {
        var store = Store(First);
        var leftover = FilePath + ".tmp";
        await File.WriteAllTextAsync(leftover, "half", Token);
        File.SetUnixFileMode(leftover, (UnixFileMode)0b110_100_100);

        Assert.True(await store.RotateAsync(force: false, Token));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public async Task RotateAsync_NoFileOrADamagedOne_ThrowsAndLeavesItAlone()
    {
        await Assert.ThrowsAsync<FileNotFoundException>(() => NewStore().RotateAsync(force: false, Token));
        Assert.Empty(Directory.GetFiles(_directory));

        await Assert.ThrowsAsync<InvalidDataException>(() => Store("short").RotateAsync(force: true, Token));
        Assert.Equal("short", await File.ReadAllTextAsync(FilePath, Token));
    }

    private TokenSecretStore Store(string content)
    {
        File.WriteAllText(FilePath, content);
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return NewStore();
    }

    private TokenSecretStore NewStore() => new(FilePath, TimeProvider.System);
}
