using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Tests.Executions;

public sealed class FullPlacesTests
{
    private static readonly SandboxUsage Empty = new(TimeSpan.Zero, 0, 0, 0, 0, 1, 0, 0, 0, 0) { Full = [] };
    private static readonly CellError NoSpace = new("OSError", "[Errno 122] Disk quota exceeded", "");
    private static readonly CellError Other = new("ValueError", "no", "");

    [Fact]
    public void Refine_AVolumeThatTheCellFilled_NamesIt() => Assert.Equal(
        "volume_temp", FullPlaces.Refine("disk", Empty with { Full = ["disk"] }, Empty with { Full = ["disk", "volume_temp"] }, NoSpace));

    [Fact]
    public void Refine_APlaceThatWasFullAlready_NamesIt() => Assert.Equal(
        "volume_logs", FullPlaces.Refine("disk", Empty with { Full = ["volume_logs"] }, Empty with { Full = ["volume_logs"] }, NoSpace));

    [Fact]
    public void Refine_TooManyFiles_AreNamedBeforePlacesThatAreFullToo()
    {
        var full = Empty with { Full = ["files", "volume_temp"] };

        Assert.Equal("files", FullPlaces.Refine("disk", Empty, full, NoSpace));
        Assert.Equal("files", FullPlaces.Refine("disk", Empty with { Full = ["files"] }, full, NoSpace));
        Assert.Equal("files", FullPlaces.Refine("disk", Empty, full, error: null));
        Assert.Null(FullPlaces.Refine("disk", Empty, Empty with { Full = ["files"] }, Other));
        Assert.Equal("files", LimitVerdict.Of(Empty.Failures, Empty with { Full = ["files"] }, new SandboxLimits(), error: null) is { } limit
            ? FullPlaces.Refine(limit, Empty, Empty with { Full = ["files"] }, error: null)
            : null);
    }

    [Fact]
    public void Refine_NothingFullButTheCodeSaysSo_IsTheDisk() =>
        Assert.Equal("disk", FullPlaces.Refine("disk", Empty, Empty, NoSpace));

    [Fact]
    public void Refine_AnErrorOfItsOwnWithMuchInTheVolumes_IsNoLimit() =>
        Assert.Null(FullPlaces.Refine("disk", Empty, Empty, Other));

    [Fact]
    public void Refine_OtherLimitsAndPlacesThatAreNotMeasured_StayAsTheyAre()
    {
        Assert.Equal("memory", FullPlaces.Refine("memory", Empty, Empty with { Full = ["disk"] }, error: null));
        Assert.Equal("disk", FullPlaces.Refine("disk", Empty with { Full = null }, Empty with { Full = null }, Other));
    }
}
