using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Sandbox.RateLimits;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Sandbox.Tests.RateLimits;

public sealed class FailureLimitsTests
{
    private static readonly IPAddress One = IPAddress.Parse("203.0.113.7");

    private readonly ManualTimeProvider _time = new();
    private readonly FailureLimits _limits;

    public FailureLimitsTests() => _limits = new FailureLimits(
        Options.Create(new RateLimitOptions { FailureBurst = 3, FailuresPerSecond = 2 }), NullLoggerFactory.Instance, _time);

    [Fact]
    public void Check_AfterTheBurst_WaitsAndForgivesAtTheRate()
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(_limits.Check(One));
            _limits.Count(One);
        }

        Assert.Equal(TimeSpan.FromSeconds(1), _limits.Check(One));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Null(_limits.Check(One));
        _limits.Count(One);
        Assert.NotNull(_limits.Check(One));
    }

    [Fact]
    public void Check_AfterLongEnough_RemembersNothing()
    {
        for (var i = 0; i < 100; i++) _limits.Count(One);
        Assert.NotNull(_limits.Check(One));

        _time.Advance(TimeSpan.FromSeconds(50));

        for (var i = 0; i < 3; i++)
        {
            Assert.Null(_limits.Check(One));
            _limits.Count(One);
        }

        Assert.NotNull(_limits.Check(One));
    }

    [Theory]
    [InlineData("203.0.113.7", "::ffff:203.0.113.7")]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff")]
    public void Of_AddressesOfOneCustomer_IsOneBucket(string one, string other) =>
        Assert.Equal(AddressBucket.Of(IPAddress.Parse(one)), AddressBucket.Of(IPAddress.Parse(other)));

    [Fact]
    public void Of_ManyAddresses_SpreadsThem()
    {
        var buckets = Enumerable.Range(0, 1000).Select(i => AddressBucket.Of(new IPAddress([10, 0, (byte)(i >> 8), (byte)i]))).ToHashSet();

        Assert.InRange(buckets.Count, 950, 1000);
        Assert.All(buckets, bucket => Assert.InRange(bucket, 0, AddressBucket.Count - 1));
    }
}
