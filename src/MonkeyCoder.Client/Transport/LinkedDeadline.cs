namespace MonkeyCoder.Client.Transport;

/// <summary>A cancellation source that follows the caller's token and fires by itself after a time.</summary>
internal sealed class LinkedDeadline : CancellationTokenSource
{
    private readonly CancellationTokenRegistration _caller;

    public LinkedDeadline(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
        : base(timeout, time) =>
        _caller = cancellationToken.UnsafeRegister(static state => ((LinkedDeadline)state!).Cancel(), this);

    protected override void Dispose(bool disposing)
    {
        if (disposing) _caller.Dispose();
        base.Dispose(disposing);
    }
}
