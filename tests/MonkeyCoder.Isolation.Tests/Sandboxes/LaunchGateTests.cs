using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

public sealed class LaunchGateTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EnterAsync_PlacesThatTheUrgentLeave_GoToThePatient()
    {
        var gate = new LaunchGate(2);
        var urgent = await gate.EnterAsync(urgent: true, Token);

        var patient = await gate.EnterAsync(urgent: false, Token).WaitAsync(TimeSpan.FromSeconds(60), Token);

        Assert.False(gate.EnterAsync(urgent: false, Token).IsCompleted);
        urgent.Dispose();
        patient.Dispose();
    }

    [Fact]
    public async Task EnterAsync_BothWait_AdmitsTheUrgentFirst()
    {
        var gate = new LaunchGate(1);
        var first = await gate.EnterAsync(urgent: false, Token);
        var patient = gate.EnterAsync(urgent: false, Token);
        var urgent = gate.EnterAsync(urgent: true, Token);

        first.Dispose();

        var place = await urgent.WaitAsync(TimeSpan.FromSeconds(60), Token);
        Assert.False(patient.IsCompleted);
        place.Dispose();
        (await patient.WaitAsync(TimeSpan.FromSeconds(60), Token)).Dispose();
    }

    [Fact]
    public async Task EnterAsync_CancelledWhileWaiting_LosesNoPlace()
    {
        var gate = new LaunchGate(1);
        var first = await gate.EnterAsync(urgent: true, Token);
        using var cancelled = new CancellationTokenSource();
        var waiting = gate.EnterAsync(urgent: true, cancelled.Token);

        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        first.Dispose();
        first.Dispose();

        var next = await gate.EnterAsync(urgent: true, Token);
        Assert.False(gate.EnterAsync(urgent: true, Token).IsCompleted);
        next.Dispose();
    }
}
