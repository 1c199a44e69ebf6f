using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

public sealed class UidSlotsTests : IDisposable
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), "slots-" + Path.GetRandomFileName());

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Claim_TwoServicesAtOnce_NeverShareASlot()
    {
        UidSlots[] services = [New("one"), New("two")];

        var slots = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => Task.Run(() => services[i % 2].Claim(SandboxId.New()).Slot)));

        Assert.Equal(Enumerable.Range(0, 64), slots.Order());
        Assert.Equal(32, services[0].Mine().Count);
        Assert.Equal(32, services[1].Mine().Count);
    }

    [Fact]
    public void Release_ById_FreesTheLowestForTheNext()
    {
        var slots = New("one");
        var (first, second) = (SandboxId.New(), SandboxId.New());
        Assert.Equal(0, slots.Claim(first).Slot);
        Assert.Equal(1, slots.Claim(second).Slot);

        slots.Release(first);

        Assert.Equal([second.Value], slots.Mine().Select(claim => claim.Owner));
        Assert.Equal(0, slots.Claim(SandboxId.New()).Slot);
        Assert.Equal(2, slots.Claim(SandboxId.New()).Slot);
    }

    [Fact]
    public void Mine_ClaimsOfOthersAndForeignFiles_AreNotMine()
    {
        New("two").Claim(SandboxId.New());
        File.WriteAllText(Path.Combine(_directory, "run/uid-slots/9"), "");
        File.WriteAllText(Path.Combine(_directory, "run/uid-slots/readme"), "x");

        Assert.Empty(New("one").Mine());
    }

    private UidSlots New(string state) => new(new EnginePaths(new EngineOptions
    {
        StateDirectory = Path.Combine(_directory, state), RunDirectory = Path.Combine(_directory, "run"),
    }));
}
