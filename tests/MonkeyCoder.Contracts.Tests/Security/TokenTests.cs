using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using MonkeyCoder.Contracts.Security;

namespace MonkeyCoder.Contracts.Tests.Security;

public sealed class TokenTests
{
    private const string Secret = "0123456789abcdef0123456789abcdef";
    private const string Header = """{"alg":"HS256","typ":"JWT"}""";

    private static readonly FixedClock Clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private static readonly long Now = Clock.GetUtcNow().ToUnixTimeSeconds();
    private static readonly string Claims = $$"""{"sub":"e1","tenant":"t1","scopes":["execute"],"iat":{{Now}},"exp":{{Now + 60}}}""";

    [Fact]
    public void Generate_Token_ValidatesToWhatWasAskedFor()
    {
        var token = SandboxTokens.Generate("e1", TimeSpan.FromHours(1), Secret, "t1", ["execute", "metrics"], Clock);

        Assert.True(Validator().TryValidate(token, out var claims, out _));
        Assert.Equal("e1", claims.ExecutionId);
        Assert.Equal("t1", claims.Tenant);
        Assert.Equal(["execute", "metrics"], claims.Scopes);
        Assert.Equal(Clock.GetUtcNow() + TimeSpan.FromHours(1), claims.ExpiresAt);
    }

    [Fact]
    public void Generate_NoScopesNamed_OpensExecutionsOnly()
    {
        var token = SandboxTokens.Generate("e1", TimeSpan.FromHours(1), Secret);

        Assert.True(new TokenValidator([Secret], TimeSpan.FromDays(1), TimeSpan.FromSeconds(30), TimeProvider.System).TryValidate(token, out var claims, out _));
        Assert.Equal(["execute", "cleanup", "metrics"], claims.Scopes);
    }

    // The one test that reads these variables: no other makes a token without naming its secret.
    [Fact]
    public void Generate_NoSecretNamed_SignsWithTheFirstOfTheFile()
    {
        var path = Path.GetTempFileName();
        try
        {
            Environment.SetEnvironmentVariable(SandboxTokens.SecretVariable, null);
            Environment.SetEnvironmentVariable(SandboxTokens.SecretFileVariable, path);
            var empty = Assert.Throws<InvalidOperationException>(() => SandboxTokens.Generate("e1", TimeSpan.FromHours(1)));
            Assert.Contains("no secret", empty.Message, StringComparison.Ordinal);

            File.WriteAllText(path, Secret + "\nfedcba9876543210fedcba9876543210\n");
            var token = SandboxTokens.Generate("e1", TimeSpan.FromHours(1));

            var validator = new TokenValidator([Secret], TimeSpan.FromDays(1), TimeSpan.FromSeconds(30), TimeProvider.System);
            Assert.True(validator.TryValidate(token, out _, out _));
        }
        finally
        {
            Environment.SetEnvironmentVariable(SandboxTokens.SecretFileVariable, null);
            File.Delete(path);
        }
    }

    [Fact]
    public void TryValidate_PreviousSecret_StillHolds()
    {
        const string previous = "fedcba9876543210fedcba9876543210";
        var token = SandboxTokens.Generate("e1", TimeSpan.FromHours(1), previous, "t1", ["execute"], Clock);

        Assert.True(Validator(Secret, previous).TryValidate(token, out _, out _));
        Assert.False(Validator(Secret).TryValidate(token, out _, out var reason));
        Assert.Equal("bad_signature", reason);
    }

    [Fact]
    public void TryValidate_HandMadeToken_Holds() => Assert.True(Validator().TryValidate(Sign(Header, Claims), out _, out _));

    [Theory]
    [InlineData("""{"alg":"none"}""")]
    [InlineData("""{"alg":"HS512","typ":"JWT"}""")]
    [InlineData("""{"alg":"HS256","alg":"HS256"}""")]
    [InlineData("""{"alg":"HS256","kid":"x"}""")]
    [InlineData("""{"alg":"HS256","typ":"at+jwt"}""")]
    [InlineData("""{"typ":"JWT"}""")]
    [InlineData("""["HS256"]""")]
    public void TryValidate_HeaderOtherThanOurs_IsRefused(string header) => Refused(Sign(header, Claims), "bad_header");

    [Theory]
    [InlineData("""{"sub":"e1","tenant":"t1","scopes":["execute"]}""")]
    [InlineData("""{"tenant":"t1","scopes":["execute"],"exp":EXP}""")]
    [InlineData("""{"sub":"e1","scopes":["execute"],"exp":EXP}""")]
    [InlineData("""{"sub":"e1","tenant":"t1","exp":EXP}""")]
    [InlineData("""{"sub":"e1","tenant":"t1","scopes":"execute","exp":EXP}""")]
    [InlineData("""{"sub":"e1","tenant":"t1","scopes":[1],"exp":EXP}""")]
    [InlineData("""{"sub":"e1","tenant":"t1","scopes":[],"exp":"EXP"}""")]
    [InlineData("""{"sub":"e1","tenant":"t1","scopes":[],"exp":EXP.5}""")]
    [InlineData("""{"sub":"e1","tenant":"t1","scopes":[],"exp":EXP,"exp":EXP}""")]
    [InlineData("""{"sub":"e1","tenant":"t1","scopes":[],"exp":EXP,"admin":true}""")]
    [InlineData("""{"sub":"a/b","tenant":"t1","scopes":[],"exp":EXP}""")]
    [InlineData("""{"sub":"\ud800","tenant":"t1","scopes":[],"exp":EXP}""")]
    [InlineData("""{"sub":"e1","tenant":"","scopes":[],"exp":EXP}""")]
    [InlineData("""{"sub":"e1","tenant":"t1","scopes":[],"iat":EXP,"exp":EXP}""")]
    [InlineData("not json")]
    public void TryValidate_ClaimsOtherThanOurs_AreRefused(string claims)
    {
        var text = claims.Replace("EXP", (Now + 20).ToString(), StringComparison.Ordinal);

        Refused(Sign(Header, text), "bad_claims");
    }

    [Theory]
    [InlineData(0, 0, "expired")]
    [InlineData(-100, -10, "expired")]
    [InlineData(31, 60, "from_the_future")]
    [InlineData(0, 3700, "life_too_long")]
    public void TryValidate_TimesOutOfRange_AreRefused(int issued, int expires, string reason) =>
        Refused(Sign(Header, $$"""{"sub":"e1","tenant":"t1","scopes":[],"iat":{{Now + issued}},"exp":{{Now + expires}}}"""), reason);

    [Fact]
    public void TryValidate_MakersClockALittleAhead_Holds() => Assert.True(Validator().TryValidate(
        Sign(Header, $$"""{"sub":"e1","tenant":"t1","scopes":[],"iat":{{Now + 29}},"exp":{{Now + 60}}}"""), out _, out _));

    [Theory]
    [InlineData(null, "missing")]
    [InlineData("", "missing")]
    [InlineData("a.b", "not_three_parts")]
    [InlineData("a.b.c.d", "not_three_parts")]
    [InlineData("é.b.c", "not_ascii")]
    public void TryValidate_NotAToken_IsRefused(string? token, string reason) => Refused(token, reason);

    [Fact]
    public void TryValidate_AnyChangedCharacter_IsRefused()
    {
        var token = Sign(Header, Claims);
        for (var i = 0; i < token.Length; i++)
        {
            if (token[i] == '.') continue;
            var forged = token.ToCharArray();
            forged[i] = forged[i] == 'A' ? 'B' : 'A';
            Assert.False(Validator().TryValidate(new string(forged), out _, out _), $"character {i}");
        }
    }

    [Fact]
    public void TryValidate_SpareBitsOrPadding_AreRefused()
    {
        var token = Sign(Header, Claims);
        // 32 bytes leave two spare bits in the last character.
        var last = token[^1];
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var same = alphabet[alphabet.IndexOf(last, StringComparison.Ordinal) ^ 1];

        Refused(token[..^1] + same, "not_base64url");
        Refused(token + "=", "not_base64url");
        Refused(token + "\n", "not_base64url");
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("0123456789abcdef0123456789abcde")]
    public void Generate_SecretTooShort_Throws(string secret) =>
        Assert.Throws<InvalidOperationException>(() => SandboxTokens.Generate("e1", TimeSpan.FromHours(1), secret));

    private static void Refused(string? token, string because)
    {
        Assert.False(Validator().TryValidate(token, out var claims, out var reason));
        Assert.Null(claims);
        Assert.Equal(because, reason);
    }

    private static TokenValidator Validator(params string[] secrets) =>
        new(secrets.Length > 0 ? secrets : [Secret], TimeSpan.FromHours(1), TimeSpan.FromSeconds(30), Clock);

    private static string Sign(string header, string claims)
    {
        var signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        var mac = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.ASCII.GetBytes(signed));
        return $"{signed}.{Base64Url.EncodeToString(mac)}";
    }

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
