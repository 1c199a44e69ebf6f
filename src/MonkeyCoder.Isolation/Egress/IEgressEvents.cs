using System.Net;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>Is told of what the gateway refuses.</summary>
public interface IEgressEvents
{
    /// <summary>Called for every refusal, on the gateway's threads: it must be fast, and must bear a sandbox that causes many.</summary>
    void Refused(EgressRefusal refusal);
}

/// <summary>Something that a sandbox wanted and did not get.</summary>
/// <param name="Sandbox">Who.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="Host">Name that was asked for, also where it is none that is well-formed; null where there was none.</param>
/// <param name="Address">Address that was asked for; null where only a name was.</param>
/// <param name="Port">0 for a name that was to be looked up, and for what is not well-formed.</param>
/// <param name="Reason">One of <see cref="EgressReasons"/>.</param>
public sealed record EgressRefusal(SandboxId Sandbox, string Owner, string? Host, IPAddress? Address, int Port, string Reason);
