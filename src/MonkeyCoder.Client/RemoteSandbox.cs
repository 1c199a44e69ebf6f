using System.Net;
using System.Text;
using MonkeyCoder.Client.Cells;
using MonkeyCoder.Client.Files;
using MonkeyCoder.Client.Processes;
using MonkeyCoder.Client.Transport;
using MonkeyCoder.Client.Wire;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Client;

/// <summary>
/// A live sandbox: cells, commands, terminals and files. Safe to use from several threads. Disposing kills it, unless
/// it was connected to by id.
/// </summary>
public sealed class RemoteSandbox : IAsyncDisposable
{
    private static readonly TimeSpan DisposeTimeout = TimeSpan.FromSeconds(30);

    private readonly SandboxClient _client;
    private readonly SandboxAccess _access;
    private readonly CellApi _cells;
    private readonly ProcessApi _processes;
    private readonly FileApi _files;
    private readonly bool _owned;

    internal RemoteSandbox(SandboxClient client, SandboxAccess access, string templateId, bool owned)
    {
        (_client, _access, TemplateId, _owned) = (client, access, templateId, owned);
        _cells = new CellApi(access);
        _processes = new ProcessApi(access);
        _files = new FileApi(access);
    }

    /// <summary>Id of the sandbox.</summary>
    public string Id => _access.SandboxId;

    /// <summary>Template it was made from.</summary>
    public string TemplateId { get; }

    /// <summary>Runs a cell and waits for its end; output is also given to the callbacks as it comes.</summary>
    /// <param name="code">The code.</param>
    /// <param name="options">Language or context, environment, timeout, callbacks.</param>
    /// <param name="cancellationToken">Interrupts the cell; its context survives.</param>
    /// <returns>The cell, also where the code raised: see <see cref="ExecutionResult.Error"/>.</returns>
    /// <exception cref="SandboxApiException">The service refused, the sandbox is gone, or the timeout is over (<c>deadline_exceeded</c>).</exception>
    public Task<ExecutionResult> RunCellAsync(string code, CellOptions? options = null, CancellationToken cancellationToken = default) =>
        _cells.RunAsync(code, options ?? new CellOptions(), cancellationToken);

    /// <summary>Runs a cell and yields what comes, as it comes. Leaving the loop early interrupts the cell.</summary>
    /// <param name="code">The code.</param>
    /// <param name="options">Language or context, environment, timeout; callbacks are not called.</param>
    /// <param name="cancellationToken">Interrupts the cell; its context survives.</param>
    /// <exception cref="SandboxApiException">As <see cref="RunCellAsync"/>.</exception>
    public IAsyncEnumerable<CellEvent> StreamCellAsync(string code, CellOptions? options = null, CancellationToken cancellationToken = default) =>
        _cells.StreamAsync(code, options ?? new CellOptions(), cancellationToken);

    /// <summary>Opens a context of its own: a fresh kernel.</summary>
    /// <param name="language">Its language.</param>
    /// <param name="workingDirectory">Where it starts; null for the home.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">The service refused.</exception>
    public Task<CodeContext> CreateContextAsync(
        string language = "python", string? workingDirectory = null, CancellationToken cancellationToken = default) =>
        _cells.CreateContextAsync(language, workingDirectory, cancellationToken);

    /// <summary>The contexts, in the order they were made.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">The service refused.</exception>
    public async Task<IReadOnlyList<CodeContext>> ListContextsAsync(CancellationToken cancellationToken = default) =>
        await _cells.ListContextsAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Ends a context and its kernel.</summary>
    /// <param name="contextId">Id of the context.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: no such context.</exception>
    public Task RemoveContextAsync(string contextId, CancellationToken cancellationToken = default) =>
        _cells.RemoveContextAsync(contextId, cancellationToken);

    /// <summary>Gives a context a fresh kernel; its id stays, its state is lost.</summary>
    /// <param name="contextId">Id of the context.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: no such context.</exception>
    public Task RestartContextAsync(string contextId, CancellationToken cancellationToken = default) =>
        _cells.RestartContextAsync(contextId, cancellationToken);

    /// <summary>Runs a shell command (a login bash) and waits for its end.</summary>
    /// <param name="command">What to give to <c>bash -l -c</c>.</param>
    /// <param name="options">Directory, environment, user, timeout, callbacks.</param>
    /// <param name="cancellationToken">Stops waiting; the command goes on.</param>
    /// <returns>Its output and exit code, whatever that is.</returns>
    /// <exception cref="SandboxApiException">The service refused, the sandbox is gone, or the timeout is over (<c>deadline_exceeded</c>).</exception>
    public async Task<CommandResult> RunCommandAsync(
        string command, CommandOptions? options = null, CancellationToken cancellationToken = default)
    {
        var process = await StartCommandAsync(command, options, cancellationToken).ConfigureAwait(false);
        await using (process.ConfigureAwait(false))
            return await process.WaitAsync(options?.OnStdout, options?.OnStderr, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Starts a shell command (a login bash) and returns once it runs.</summary>
    /// <param name="command">What to give to <c>bash -l -c</c>.</param>
    /// <param name="options">Directory, environment, user, standard input, timeout; callbacks are not called.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">The service refused, or the sandbox is gone.</exception>
    public async Task<RemoteProcess> StartCommandAsync(
        string command, CommandOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new CommandOptions();
        var start = new StartProcessWire(
            new ProcessConfigWire("/bin/bash", ["-l", "-c", command], options.Environment, options.WorkingDirectory),
            Stdin: options.Stdin);
        return await _processes.StartAsync(start, options.User, options.Timeout, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Opens a terminal; its output comes as <see cref="OutputStream.Terminal"/>.</summary>
    /// <param name="options">Size, program, user.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">The service refused, or the sandbox is gone.</exception>
    public async Task<RemoteProcess> StartTerminalAsync(TerminalOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new TerminalOptions();
        var environment = new Dictionary<string, string>
        {
            ["TERM"] = options.TerminalType,
            ["LANG"] = "C.UTF-8",
            ["LC_ALL"] = "C.UTF-8",
        };
        var start = new StartProcessWire(
            new ProcessConfigWire(options.Command[0], [.. options.Command.Skip(1)], environment),
            new PtyWire(new PtySizeWire(options.Columns, options.Rows)));
        return await _processes.StartAsync(start, options.User, Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Follows a process that runs already; output from before is not repeated.</summary>
    /// <param name="pid">Its pid, from <see cref="RemoteProcess.Pid"/> or <see cref="ListProcessesAsync"/>.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: no such process.</exception>
    public Task<RemoteProcess> ConnectProcessAsync(int pid, CancellationToken cancellationToken = default) =>
        _processes.ConnectAsync(pid, Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Processes that were started through the service and still run.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">The service refused, or the sandbox is gone.</exception>
    public Task<IReadOnlyList<ProcessInfo>> ListProcessesAsync(CancellationToken cancellationToken = default) =>
        _processes.ListAsync(cancellationToken);

    /// <summary>Opens a file for reading; nothing is buffered. Dispose the stream.</summary>
    /// <param name="path">Absolute, or relative to the user's home.</param>
    /// <param name="user">User to read as; null for the sandbox's user.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: no such file; <c>bad_request</c>: a directory.</exception>
    public Task<Stream> ReadFileAsync(string path, string? user = null, CancellationToken cancellationToken = default) =>
        _files.ReadAsync(path, user, cancellationToken);

    /// <summary>Reads a whole file as UTF-8 text.</summary>
    /// <param name="path">Absolute, or relative to the user's home.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">As <see cref="ReadFileAsync"/>.</exception>
    public async Task<string> ReadTextAsync(string path, CancellationToken cancellationToken = default)
    {
        using var reader = new StreamReader(await ReadFileAsync(path, null, cancellationToken).ConfigureAwait(false), Encoding.UTF8);
        return await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes a file from a stream, which is sent as it is read and left open. Parents are made.</summary>
    /// <param name="path">Absolute, or relative to the user's home.</param>
    /// <param name="content">The content, from its current position to its end.</param>
    /// <param name="user">User to write as; null for the sandbox's user.</param>
    /// <param name="cancellationToken">Cancels the request; the file may be cut then.</param>
    /// <exception cref="SandboxApiException"><c>disk_full</c>, or <c>bad_request</c>: the path is a directory.</exception>
    public Task WriteFileAsync(string path, Stream content, string? user = null, CancellationToken cancellationToken = default) =>
        _files.WriteAsync(path, content, user, cancellationToken);

    /// <summary>Writes text as UTF-8.</summary>
    /// <param name="path">Absolute, or relative to the user's home.</param>
    /// <param name="text">The content.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">As <see cref="WriteFileAsync"/>.</exception>
    public async Task WriteTextAsync(string path, string text, CancellationToken cancellationToken = default)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(text), writable: false);
        await WriteFileAsync(path, content, null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lists a directory, depth first, in lexical order.</summary>
    /// <param name="path">Absolute, or relative to the user's home.</param>
    /// <param name="depth">How many levels; 1 for the directory itself.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>, or <c>invalid_argument</c>: not a directory.</exception>
    public Task<IReadOnlyList<FileEntry>> ListAsync(string path, int depth = 1, CancellationToken cancellationToken = default) =>
        _files.ListAsync(path, depth, null, cancellationToken);

    /// <summary>What is at a path.</summary>
    /// <param name="path">Absolute, or relative to the user's home.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>null where nothing is.</returns>
    /// <exception cref="SandboxApiException">The service refused, or the sandbox is gone.</exception>
    public Task<FileEntry?> StatAsync(string path, CancellationToken cancellationToken = default) =>
        _files.StatAsync(path, null, cancellationToken);

    /// <summary>Makes a directory and its parents.</summary>
    /// <param name="path">Absolute, or relative to the user's home.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>False where it exists already.</returns>
    /// <exception cref="SandboxApiException"><c>invalid_argument</c>: a file is there.</exception>
    public Task<bool> MakeDirectoryAsync(string path, CancellationToken cancellationToken = default) =>
        _files.MakeDirectoryAsync(path, null, cancellationToken);

    /// <summary>Renames a file or directory.</summary>
    /// <param name="source">What to move.</param>
    /// <param name="destination">Its new path; parents are made.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: no such source.</exception>
    public Task MoveAsync(string source, string destination, CancellationToken cancellationToken = default) =>
        _files.MoveAsync(source, destination, null, cancellationToken);

    /// <summary>Removes a file, or a directory with all in it. Nothing there is fine.</summary>
    /// <param name="path">Absolute, or relative to the user's home.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">The service refused, or the sandbox is gone.</exception>
    public Task RemoveAsync(string path, CancellationToken cancellationToken = default) =>
        _files.RemoveAsync(path, null, cancellationToken);

    /// <summary>Moves the end of life to so long from now; may shorten it.</summary>
    /// <param name="timeout">From now, in whole seconds.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: the sandbox is gone.</exception>
    public Task SetTimeoutAsync(TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _client.SetTimeoutAsync(Id, timeout, cancellationToken);

    /// <summary>Pauses it: everything in it stops where it is, and open streams break off. <see cref="ResumeAsync"/> lets it go on.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>False where it was paused already.</returns>
    /// <exception cref="SandboxApiException">As <see cref="SandboxClient.PauseAsync"/>.</exception>
    public Task<bool> PauseAsync(CancellationToken cancellationToken = default) => _client.PauseAsync(Id, cancellationToken);

    /// <summary>Lets it go on where it is paused: the same processes, contexts and files, also by this object.</summary>
    /// <param name="timeout">It lives at least so long from now; null for 5 min.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: the sandbox is gone.</exception>
    public Task ResumeAsync(TimeSpan? timeout = null, CancellationToken cancellationToken = default) =>
        _client.ConnectAsync(Id, timeout, cancellationToken);

    /// <summary>Whether it lives, is not paused, and answers.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">The service cannot be reached.</exception>
    public async Task<bool> IsRunningAsync(CancellationToken cancellationToken = default) =>
        await _access.Transport.SendAsync(
            () => _access.Request(HttpMethod.Get, SandboxAccess.EnvdPort, "health"), cancellationToken, HttpStatusCode.BadGateway)
            .ConfigureAwait(false) != HttpStatusCode.BadGateway;

    /// <summary>Kills it: everything in it is gone.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>False where it was gone already.</returns>
    /// <exception cref="SandboxApiException">The service refused.</exception>
    public Task<bool> KillAsync(CancellationToken cancellationToken = default) => _client.KillAsync(Id, cancellationToken);

    /// <summary>Kills a sandbox that this client created; leaves one that it connected to.</summary>
    /// <exception cref="SandboxApiException">The service cannot be reached; the sandbox ends with its life.</exception>
    public async ValueTask DisposeAsync()
    {
        if (!_owned) return;
        using var bound = new CancellationTokenSource(DisposeTimeout, _access.Transport.Options.TimeProvider);
        await KillAsync(bound.Token).ConfigureAwait(false);
    }
}
