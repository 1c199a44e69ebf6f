using MonkeyCoder.Sandbox.E2b.Envd;

namespace MonkeyCoder.Sandbox.Tests.E2b.Envd;

public sealed class FileSignatureTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1000);

    [Fact]
    public void Expected_OfTheContractsExample_IsItsSignature()
    {
        var signature = new FileSignature("hello.txt", "read", "user", null, "");

        Assert.Equal("v1_gUtH/s9YCJWgCizjfUxuWfhFE4QSydOWEIIvfLwDr6E", signature.Expected("0tQG31xiMp0IOQfaz9dcwi72L1CPo8e0"));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("1000", false)]
    [InlineData("999", true)]
    [InlineData("", true)]
    [InlineData("-1", true)]
    [InlineData("99999999999999999999", true)]
    public void HasExpired_ByItsSeconds(string? expiration, bool expired) =>
        Assert.Equal(expired, new FileSignature("p", "read", "", expiration, "s").HasExpired(Now));
}
