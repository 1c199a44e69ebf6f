namespace MonkeyCoder.Sandbox.Problems;

/// <summary>
/// How errors that no endpoint has answered itself (unknown route, malformed body, fault, bug) look to a caller. The
/// first registered form that applies is asked; problem+json is used where none does.
/// </summary>
internal interface IErrorForm
{
    /// <summary>Whether the request belongs to an API with its own error form, judged by host, headers and path.</summary>
    bool AppliesTo(HttpContext context);

    /// <summary>Writes the whole response; headers have not been sent yet.</summary>
    Task WriteAsync(HttpContext context, Problem problem);
}
