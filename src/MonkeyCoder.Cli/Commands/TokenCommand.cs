using System.CommandLine;
using MonkeyCoder.Cli.Connection;
using MonkeyCoder.Contracts.Security;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey token EXECUTION_ID</c>: one token, alone on its line.</summary>
internal static class TokenCommand
{
    private static readonly TimeSpan UsualLife = TimeSpan.FromDays(1);

    public static Command Create(CliContext context)
    {
        var executionId = new Argument<string>("EXECUTION_ID") { Description = "Execution that the token authorises: its subject." };
        var expiresIn = CommonOptions.Seconds("--expires-in", "Life of the token.", 3600);
        var tenant = new Option<string>("--tenant")
        {
            Description = "Whose sandboxes it may use.",
            HelpName = "TENANT",
            DefaultValueFactory = static _ => SandboxTokens.DefaultTenant,
        };
        var scopes = new Option<string[]>("--scope")
        {
            Description = "What it may do; can be repeated. By default everything about executions.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = static _ => [.. SandboxTokens.ExecutionScopes],
        }.AcceptOnlyFromAmong([.. SandboxTokens.AllScopes]);
        var command = new Command("token", $"Print a token made with {SandboxTokens.SecretVariable}, {SandboxTokens.SecretFileVariable} or the node's own secret.")
        {
            executionId, expiresIn, tenant, scopes,
        };
        command.SetAction((parsed, _) => PrintAsync(
            context, parsed.GetRequiredValue(executionId), TimeSpan.FromSeconds(parsed.GetValue(expiresIn)),
            parsed.GetRequiredValue(tenant), parsed.GetRequiredValue(scopes)));
        return command;
    }

    private static async Task<int> PrintAsync(
        CliContext context, string executionId, TimeSpan expiresIn, string tenant, string[] scopes)
    {
        try
        {
            var secret = FindSecret(context);
            await context.Out.WriteLineAsync(
                SandboxTokens.Generate(executionId, expiresIn, secret, tenant, scopes, context.Time));
            if (expiresIn > UsualLife)
                await context.Error.WriteLineAsync("monkey: A service refuses tokens of more than 24 h, unless its Security:MaxTokenLife says otherwise.");
            return ExitCodes.Ok;
        }
        catch (ArgumentException exception)
        {
            throw CliException.Usage(exception);
        }
        catch (Exception exception) when (exception is InvalidOperationException or InvalidDataException)
        {
            throw new CliException(exception.Message, ExitCodes.Refused, exception);
        }
    }

    private static string FindSecret(CliContext context)
    {
        if (context.Environment(SandboxTokens.SecretVariable) is { Length: > 0 } set) return set;
        var state = StateDirectory.Find(context);
        return state.ReadSecret() ?? throw new CliException(
            $"No secret: set {SandboxTokens.SecretVariable} or {SandboxTokens.SecretFileVariable}, "
            + $"or run this as root on a node; there is none to read in {state.Secrets.FilePath}.");
    }
}
