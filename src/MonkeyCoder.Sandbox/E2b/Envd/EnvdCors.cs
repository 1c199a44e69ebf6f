namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>Any page may call a sandbox: what it needs is a token, never a cookie.</summary>
internal static class EnvdCors
{
    private const string MaxAgeSeconds = "7200";

    /// <summary>Lets the page read the answer.</summary>
    public static void Allow(HttpContext context)
    {
        if (context.Request.Headers.Origin.Count == 0) return;
        var headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlExposeHeaders = "*";
    }

    /// <summary>Answers the question that a browser asks first; false where it is none.</summary>
    public static bool TryAnswerPreflight(HttpContext context)
    {
        var request = context.Request.Headers;
        if (!HttpMethods.IsOptions(context.Request.Method) || request.Origin.Count == 0
            || request.AccessControlRequestMethod.Count == 0) return false;
        Allow(context);
        var headers = context.Response.Headers;
        headers.AccessControlAllowMethods = "GET, HEAD, POST, PUT, PATCH, DELETE";
        headers.AccessControlAllowHeaders = request.AccessControlRequestHeaders;
        headers.AccessControlMaxAge = MaxAgeSeconds;
        headers.Vary = "Access-Control-Request-Headers";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }
}
