namespace MonkeyCoder.Client;

/// <summary>Where the service is and who asks. Read once, when the client is made.</summary>
public sealed class SandboxClientOptions
{
    /// <summary>Origin of the sandbox service.</summary>
    /// <value>Default <c>http://127.0.0.1:8001</c>.</value>
    public Uri BaseAddress { get; set; } = new("http://127.0.0.1:8001");

    /// <summary>API key of the tenant, <c>e2b_</c> and 40 hex digits; sent as <c>X-API-KEY</c>.</summary>
    /// <value>Default none. Needed for long-lived sandboxes.</value>
    public string? ApiKey { get; set; }

    /// <summary>Token of one execution, sent as <c>Authorization: Bearer</c>.</summary>
    /// <value>Default none. <see cref="TokenFactory"/> wins over it.</value>
    public string? Token { get; set; }

    /// <summary>Makes the token of an execution from its id, for callers that hold the token secret.</summary>
    /// <value>Default none.</value>
    public Func<string, string>? TokenFactory { get; set; }

    /// <summary>Deadline of a request that is not a stream: until the whole answer is there.</summary>
    /// <value>Default 60 s. <see cref="Timeout.InfiniteTimeSpan"/> for none.</value>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a request that was answered 429 with <c>Retry-After</c> is sent again.</summary>
    /// <value>Default 3; 0 for never. Nothing else is ever sent twice.</value>
    public int MaxRetries { get; set; } = 3;

    /// <summary>A <c>Retry-After</c> above this is not waited for: the 429 is thrown instead.</summary>
    /// <value>Default 30 s.</value>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Clock of deadlines and retries.</summary>
    /// <value>Default <see cref="TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
