using System.Diagnostics;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Templates;

/// <summary>Debian's packages through mmdebstrap(1), as root.</summary>
internal sealed class MmdebstrapBootstrap : IBootstrap
{
    private static readonly string[] Programs = ["mmdebstrap", "setpriv", "unshare", "npm"];

    public Task<int> RunAsync(
        TemplateRecipe recipe, string recipeCopy, string rootPath, Action<string> output, CancellationToken cancellationToken)
    {
        if (Libc.EffectiveUserId != 0) throw new TemplateBuildException("Templates can be built by root only.");
        foreach (var program in Programs)
            if (!IsOnPath(program))
                throw new TemplateBuildException($"The program '{program}' is missing: run 'apt-get install {PackageOf(program)}'.");
        var start = BootstrapCommand.Create(recipe, recipeCopy, HostSources.Find(recipe.Document.Suite), rootPath);

        // A thread of its own: the command is killed when the thread that started it ends, and a pool's thread may.
        return Task.Factory.StartNew(
            () => Run(start, output, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private static int Run(ProcessStartInfo start, Action<string> output, CancellationToken cancellationToken)
    {
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var registration = cancellationToken.Register(process.Kill);
        var gate = new Lock();
        void OnLine(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is null) return;
            lock (gate) output(line.Data);
        }

        process.OutputDataReceived += OnLine;
        process.ErrorDataReceived += OnLine;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        cancellationToken.ThrowIfCancellationRequested();
        return process.ExitCode;
    }

    private static string PackageOf(string program) => program is "setpriv" or "unshare" ? "util-linux" : program;

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, program)));
}
