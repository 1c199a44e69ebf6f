using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Client;

/// <summary>Shortcuts to what is asked for most of a cell that is over.</summary>
public static class ExecutionResultText
{
    extension(ExecutionResult result)
    {
        /// <summary>Text of the main result; null where the cell ends in no expression.</summary>
        public string? Text => result.Results.FirstOrDefault(static item => item.IsMainResult)?.Text;

        /// <summary>All of standard output.</summary>
        public string Stdout => string.Concat(result.Logs.Stdout);

        /// <summary>All of standard error.</summary>
        public string Stderr => string.Concat(result.Logs.Stderr);
    }
}
