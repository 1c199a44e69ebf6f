using System.Text.Json.Serialization.Metadata;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b;

/// <summary>Answers in the shapes of the E2B contract.</summary>
internal static class E2bAnswers
{
    /// <summary>JSON with its length, so that it is never chunked.</summary>
    public static IResult Json<T>(T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK) =>
        new JsonAnswer<T>(value, type, status);

    /// <summary><c>{code, message}</c>, the code being the status: clients look at the code.</summary>
    public static IResult Error(int status, string message) =>
        Json(new E2bErrorBody(status, message), E2bJson.Default.E2bErrorBody, status);

    /// <summary>A part of the contract that this node does not have.</summary>
    public static IResult NotHere(string what) =>
        Error(StatusCodes.Status501NotImplemented, $"{what} is not available on this node");

    /// <summary>A part of the contract that the node's tier cannot keep.</summary>
    /// <param name="what">The part.</param>
    /// <param name="tier">The tier.</param>
    /// <param name="remedy">What to do, e.g. which field to leave out.</param>
    public static IResult NotInTier(string what, TierDescription tier, string remedy) => Error(
        StatusCodes.Status501NotImplemented, $"{what} is not available in the {tier.Name} tier of this node; {remedy}, or use a node of the container tier");

    /// <summary>It was there when it was looked up.</summary>
    public static IResult Ended(string id) => Error(StatusCodes.Status404NotFound, $"Sandbox \"{id}\" has ended already");

    /// <summary>A body that was not there, or could not be read.</summary>
    public static IResult NoBody<T>(JsonRead<T> read) where T : class =>
        read.Empty ? Error(StatusCodes.Status400BadRequest, "the request needs a JSON body") : Error(read.Status, read.Problem!);

    /// <summary>Writes JSON with its length.</summary>
    public static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type, int status = StatusCodes.Status200OK)
    {
        var bytes = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(value, type);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    /// <summary>Writes <c>{code, message}</c>, and <c>error_code</c> where the contract has a name for the error.</summary>
    public static Task WriteErrorAsync(HttpContext context, int status, string message, string? name = null) =>
        WriteAsync(context, new E2bErrorBody(status, message, name), E2bJson.Default.E2bErrorBody, status);

    private sealed class JsonAnswer<T>(T value, JsonTypeInfo<T> type, int status) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext, value, type, status);
    }
}
