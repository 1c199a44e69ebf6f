using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Admission;
using MonkeyCoder.Sandbox.E2b;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.RateLimits;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;
using MonkeyCoder.Sandbox.Telemetry;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>Puts the service together, starts the engine, listens, and stops in order.</summary>
internal static class SandboxHost
{
    private const int ExitOk = 0;
    private const int ExitNotReady = 1;

    /// <summary>
    /// Runs until a signal ends it. 1. Every option is checked, and all mistakes are shown at once. 2. The engine checks
    /// the host and removes leftovers. 3. Only then does the service listen. 4. At the end all sandboxes are removed.
    /// </summary>
    /// <returns>0, or 1 with a sentence on stderr where the service could not start.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        try
        {
            var app = Build(args, static services => services.AddLogging(HostingSetup.LogToConsole));
            await using (app.ConfigureAwait(false))
            {
                await app.Services.GetRequiredService<ISandboxEngine>().StartAsync(stop.Token).ConfigureAwait(false);
                await app.StartAsync(stop.Token).ConfigureAwait(false);
                await app.WaitForShutdownAsync(stop.Token).ConfigureAwait(false);
            }

            return ExitOk;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitOk;
        }
        catch (Exception exception) when (Explain(exception) is { Count: > 0 } sentences)
        {
            foreach (var sentence in sentences) await Console.Error.WriteLineAsync("monkey-sandbox: " + sentence).ConfigureAwait(false);
            return ExitNotReady;
        }
    }

    /// <summary>The whole service, not started.</summary>
    /// <param name="args">Settings as <c>--Section:Key=value</c>.</param>
    /// <param name="replace">Registers parts that take the place of the service's own, e.g. another engine.</param>
    /// <exception cref="OptionsValidationException">A section is wrong; an <see cref="AggregateException"/> where several are.</exception>
    public static WebApplication Build(string[] args, Action<IServiceCollection>? replace = null)
    {
        // Settings come from the environment and the command line only: a file in whatever directory the service was
        // started from must not change what it does.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "monkey-sandbox" });
        builder.Configuration.AddEnvironmentVariables().AddNodeVariables().AddCommandLine(args);
        replace?.Invoke(builder.Services);
        builder.Services.AddRouting().AddMetrics();
        builder.AddNodeHosting();
        builder.Services.AddProblems().AddRateLimits().AddSecurity().AddAdmission().AddSandboxes().AddExecutions().AddE2b().AddTelemetry();
        builder.Services.CheckOptions();
        var app = builder.Build();
        // Not with the first request: what is in the secret file now stays in force whatever becomes of the file.
        app.Services.GetRequiredService<NodeTokens>();
        app.Use(FirstRequestDeadline.ArrivedAsync);
        app.UseExceptionHandler(static _ => { });
        app.UseTrustedProxies();
        // Requests for a sandbox itself, by host or headers, go no further than here.
        app.UseE2bRouting();
        app.UseRouting();
        app.UseMiddleware<RouteGate>();
        app.MapExecutionEndpoints();
        app.MapE2b();
        app.MapTelemetry();
        return app;
    }

    // The first signal stops in order; a second one is left to the system.
    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        if (stop.IsCancellationRequested) return;
        signal.Cancel = true;
        stop.Cancel();
    }

    private static IReadOnlyList<string> Explain(Exception exception) => exception switch
    {
        HostNotReadyException notReady => [notReady.Message],
        OptionsValidationException invalid => [.. invalid.Failures],
        AggregateException several => [.. several.InnerExceptions.SelectMany(Explain)],
        InvalidOperationException { InnerException: FormatException } unreadable => [unreadable.Message],
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } inUse
            => [$"{inUse.Message} Stop what listens there, or choose another port with SANDBOX_PORT."],
        _ => [],
    };
}
