using MonkeyCoder.Client;

namespace MonkeyCoder.Cli.Connection;

/// <summary>Finds the service and credentials: environment first, then the state directory of this machine.</summary>
internal static class ServiceConnection
{
    public const string UrlVariable = "MONKEY_URL";
    public const string KeyVariable = "E2B_API_KEY";

    /// <summary>A client; the caller disposes it.</summary>
    /// <exception cref="CliException">No credentials, or the address is none.</exception>
    public static async Task<SandboxClient> OpenAsync(CliContext context, CancellationToken cancellationToken) =>
        new(new SandboxClientOptions
        {
            BaseAddress = AddressOf(context),
            ApiKey = await KeyOfAsync(context, cancellationToken),
            TimeProvider = context.Time,
        });

    private static Uri AddressOf(CliContext context)
    {
        if (context.Environment(UrlVariable) is not { Length: > 0 } text) return new SandboxClientOptions().BaseAddress;
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? address
            : throw new CliException($"{UrlVariable} is '{text}', which is not an http or https address.", ExitCodes.Usage);
    }

    private static async Task<string> KeyOfAsync(CliContext context, CancellationToken cancellationToken)
    {
        if (context.Environment(KeyVariable) is { Length: > 0 } key) return key;
        var state = StateDirectory.Find(context);
        if (state.IsUsable) return await state.GetCliKeyAsync(cancellationToken);
        throw new CliException(
            $"No credentials: set {KeyVariable} (an operator makes a key on the node with 'monkey keys create --name NAME'), "
            + "or run this as root on the node itself.");
    }
}
