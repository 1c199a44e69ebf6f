using System.CommandLine;
using MonkeyCoder.Cli.Connection;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey secret rotate|retire</c>: changes the secret of tokens under a running node. None is ever printed.</summary>
internal static class SecretCommand
{
    public static Command Create(CliContext context) => new(
        "secret", "Change the secret of tokens while the node runs: rotate, let the old tokens run out or replace them, retire.")
    {
        CreateRotate(context),
        CreateRetire(context),
    };

    private static Command CreateRotate(CliContext context)
    {
        var force = new Option<bool>("--force")
        {
            Description = "Even while the secret before still verifies: its tokens end at once, those of the one that signs now go on.",
        };
        var command = new Command(
            "rotate", "Sign with a new secret from now on. Tokens of the old one hold until it is retired; running sandboxes do not notice.")
        {
            force,
        };
        command.SetAction((parsed, cancellationToken) => GuardAsync(context, async store =>
        {
            if (!await store.RotateAsync(parsed.GetValue(force), cancellationToken))
            {
                throw new CliException(
                    "The secret before still verifies: end that with 'monkey secret retire' first, or do both at once with --force.", ExitCodes.Failed);
            }

            await context.Error.WriteLineAsync(
                $"monkey: {store.FilePath} has a new secret, which signs. Tokens of the old one hold until 'monkey secret retire'.");
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static Command CreateRetire(CliContext context)
    {
        var command = new Command("retire", "End a rotation: tokens of the old secret no longer hold, at once.");
        command.SetAction((_, cancellationToken) => GuardAsync(context, async store =>
        {
            if (!await store.RetireAsync(cancellationToken))
                throw new CliException($"{store.FilePath} has one secret only: there is none to retire.", ExitCodes.Failed);
            await context.Error.WriteLineAsync($"monkey: {store.FilePath} has one secret again. Tokens of the old one no longer hold.");
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static async Task<int> GuardAsync(CliContext context, Func<TokenSecretStore, Task<int>> run)
    {
        if (context.Environment(SandboxTokens.SecretVariable) is { Length: > 0 })
        {
            throw new CliException(
                $"The secret does not come from a file, but from {SandboxTokens.SecretVariable}: change it there and start the node again, "
                + $"or write it into a file and name that in {SandboxTokens.SecretFileVariable} instead.");
        }

        var store = StateDirectory.Find(context).Secrets;
        // The new file belongs to who writes it, and a node of another user would not believe it.
        if (Libc.TryStatus(store.FilePath, followLink: true, out var status) == 0 && status.UserId != Libc.EffectiveUserId)
            throw new CliException($"{store.FilePath} belongs to uid {status.UserId}: run this as that user.");
        try
        {
            return await run(store);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(
                $"There is no token secret file {store.FilePath}: ./run makes the one of {StateDirectory.Variable}; {SandboxTokens.SecretFileVariable} names another.",
                ExitCodes.Refused, exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new CliException($"{store.FilePath} is not yours to change: run this as root on the node.", ExitCodes.Refused, exception);
        }
        catch (InvalidDataException exception)
        {
            throw new CliException(exception.Message, ExitCodes.Refused, exception);
        }
    }
}
