using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using MonkeyCoder.Contracts.Problems;

namespace MonkeyCoder.Sandbox.Problems;

/// <summary>Writes problems in the form of the API that the request belongs to.</summary>
internal sealed class ProblemWriter(IEnumerable<IErrorForm> forms)
{
    private readonly IErrorForm[] _forms = [.. forms];

    /// <summary>Writes the whole response. Where one has begun already, the connection is cut, so that nobody takes it for complete.</summary>
    public async Task WriteAsync(HttpContext context, Problem problem)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        if (problem.RetryAfter is { } after)
            context.Response.Headers.RetryAfter = Math.Ceiling(after.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        foreach (var form in _forms)
        {
            if (!form.AppliesTo(context)) continue;
            await form.WriteAsync(context, problem).ConfigureAwait(false);
            return;
        }

        await WriteBodyAsync(context, problem).ConfigureAwait(false);
    }

    private static async Task WriteBodyAsync(HttpContext context, Problem problem)
    {
        var body = new ProblemBody(
            $"/problems/{problem.Code}", ReasonPhrases.GetReasonPhrase(problem.Status), problem.Status, problem.Code, problem.Detail)
        {
            TraceId = Activity.Current?.Id ?? context.TraceIdentifier,
            Findings = problem.Findings,
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, ProblemJson.Default.ProblemBody);
        context.Response.StatusCode = problem.Status;
        context.Response.ContentType = "application/problem+json";
        context.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted).ConfigureAwait(false);
    }
}
