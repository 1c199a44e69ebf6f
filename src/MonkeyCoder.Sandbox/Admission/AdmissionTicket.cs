namespace MonkeyCoder.Sandbox.Admission;

/// <summary>What is set aside for one sandbox, from before it is started until nothing of it is left.</summary>
internal sealed class AdmissionTicket(ResourceAdmission admission, string tenant, long memoryBytes) : IDisposable
{
    private int _released;

    /// <summary>Gives it back, once.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0) admission.Release(tenant, memoryBytes);
    }
}
