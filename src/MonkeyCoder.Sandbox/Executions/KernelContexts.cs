namespace MonkeyCoder.Sandbox.Executions;

/// <summary>One kernel of a sandbox, as the code interpreter API names it.</summary>
/// <param name="Id">Id on the wire and at the agent.</param>
/// <param name="Language">Normalised: python, javascript, bash.</param>
/// <param name="WorkingDirectory">Where it starts.</param>
internal sealed record KernelContext(string Id, string Language, string WorkingDirectory);

/// <summary>The contexts of one sandbox, in creation order; one default context per language, made when first asked for.</summary>
internal sealed class KernelContexts
{
    // Filled in with the executions work.
}
