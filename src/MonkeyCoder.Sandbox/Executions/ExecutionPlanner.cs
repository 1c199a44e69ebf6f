using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.Security;
using MonkeyCoder.Sandbox.Security.CodeChecks;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Checks execute requests: what is asked for becomes a plan, or a refusal that says what to do.</summary>
internal sealed class ExecutionPlanner(
    IOptions<ExecutionOptions> options, LimitPlanner limits, CodeChecker checker, ILoggerFactory loggers)
{
    private const string CodeType = "code";
    private const string BrowserType = "browser";
    private const string ExecuteAction = "execute";
    private const int ExecutionIdHexDigits = 32;
    private const int MaxMetadataEntries = 64;
    private const int MaxNameInDetail = 100;

    private readonly ILogger _security = loggers.CreateLogger(SecurityLog.Category);

    /// <summary>The plan of a request.</summary>
    public Result<ExecutionPlan> Plan(ExecuteRequest request, Caller caller)
    {
        var problem = CheckKind(request) ?? CheckFields(request) ?? CheckCode(request.Code) ?? CheckTimeout(request.Timeout);
        if (problem is not null) return problem;
        if (!KernelContexts.TryNormalise(request.Language ?? "python", out var language))
        {
            return ProblemCatalog.Make(
                ProblemCodes.UnsupportedLanguage, $"Use one of the languages {KernelContexts.SupportedLanguages}.");
        }

        if (!IdOf(request, caller).TryGet(out var executionId, out problem)) return problem;
        if (!limits.Plan(request.Limits).TryGet(out var sandboxLimits, out problem)) return problem;
        var timeout = request.Timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : options.Value.DefaultTimeout;
        return new ExecutionPlan(
            executionId, request.Code!, language, timeout, request.SandboxId, request.Keep ?? false,
            sandboxLimits, checker.LevelFor(request.CodeChecks));
    }

    private static Problem? CheckKind(ExecuteRequest request)
    {
        var type = request.SandboxType ?? CodeType;
        if (type == BrowserType) return ProblemCatalog.Make(ProblemCodes.BrowserNotAvailable);
        if (type != CodeType) return ProblemCatalog.Make(ProblemCodes.UnsupportedSandboxType);
        return (request.Action ?? ExecuteAction) == ExecuteAction ? null : ProblemCatalog.Make(ProblemCodes.UnsupportedAction);
    }

    private static Problem? CheckFields(ExecuteRequest request)
    {
        if (request.Unknown?.Keys.FirstOrDefault() is { } unknown)
        {
            return ProblemCatalog.Make(
                ProblemCodes.UnknownField,
                $"There is no field '{Shorten(unknown)}'; the fields are sandbox_type, action, code, language, timeout, "
                + "metadata, sandbox_id, keep, limits, execution_id and code_checks.");
        }

        if (request is { Limits: not null, SandboxId: not null })
        {
            return ProblemCatalog.Make(
                ProblemCodes.InvalidField, "The field 'limits' is for a fresh sandbox; leave it out, or leave out 'sandbox_id'.");
        }

        return request.Metadata is { Count: > MaxMetadataEntries }
            ? ProblemCatalog.Make(ProblemCodes.InvalidField, $"The field 'metadata' may have {MaxMetadataEntries} entries; send fewer.")
            : null;
    }

    private Problem? CheckCode(string? code)
    {
        if (code is null) return ProblemCatalog.Make(ProblemCodes.CodeMissing);
        var bytes = Encoding.UTF8.GetByteCount(code);
        return bytes <= options.Value.MaxCodeBytes
            ? null
            : ProblemCatalog.Make(
                ProblemCodes.CodeTooLarge,
                $"The code has {bytes} bytes and may have {options.Value.MaxCodeBytes}; put large data into files of a sandbox.");
    }

    private Problem? CheckTimeout(double? seconds)
    {
        if (seconds is null) return null;
        // A millisecond is the shortest that a clock can keep; written this way round, NaN is out of range too.
        var most = options.Value.MaxTimeout.TotalSeconds;
        return seconds >= 0.001 && seconds <= most
            ? null
            : ProblemCatalog.Make(
                ProblemCodes.TimeoutOutOfRange, $"Send a timeout above 0 and of at most {most:0} seconds, or leave it out.");
    }

    private Result<string> IdOf(ExecuteRequest request, Caller caller)
    {
        if (request.ExecutionId is not { } asked)
            return caller.ExecutionId ?? RandomNumberGenerator.GetHexString(ExecutionIdHexDigits, lowercase: true);
        if (!TokenNames.IsExecutionId(asked)) return ProblemCatalog.Make(ProblemCodes.InvalidExecutionId);
        if (caller.ExecutionId is null || caller.ExecutionId == asked) return asked;
        _security.ExecutionIdMismatch(caller.ExecutionId, asked);
        return ProblemCatalog.Make(ProblemCodes.ExecutionIdMismatch);
    }

    private static string Shorten(string name) =>
        new([.. name.Where(c => !char.IsControl(c)).Take(MaxNameInDetail)]);
}
