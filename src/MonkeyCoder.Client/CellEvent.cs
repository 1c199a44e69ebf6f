using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Client;

/// <summary>
/// What a running cell yields, in order: <see cref="CellStarted"/>, then any number of <see cref="CellStdout"/>,
/// <see cref="CellStderr"/>, <see cref="CellResult"/>, at most one <see cref="CellError"/>.
/// </summary>
public abstract record CellEvent;

/// <summary>The cell runs.</summary>
/// <param name="ExecutionCount">Its number in its context; the first is 1.</param>
public sealed record CellStarted(int ExecutionCount) : CellEvent;

/// <summary>Text that the cell wrote to its standard output; not one line each.</summary>
/// <param name="Text">The text as written, newlines included.</param>
public sealed record CellStdout(string Text) : CellEvent;

/// <summary>Text that the cell wrote to its standard error; not one line each.</summary>
/// <param name="Text">The text as written, newlines included.</param>
public sealed record CellStderr(string Text) : CellEvent;

/// <summary>One rich result: a display, or the value of the last expression.</summary>
/// <param name="Data">The same thing in every format the kernel could make of it.</param>
public sealed record CellResult(CellResultData Data) : CellEvent;

/// <summary>The code raised. The cell is over, its context lives on.</summary>
/// <param name="Error">What it raised.</param>
public sealed record CellError(ExecutionError Error) : CellEvent;
