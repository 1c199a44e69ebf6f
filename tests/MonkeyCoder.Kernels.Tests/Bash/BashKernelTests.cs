using System.Security.Cryptography;
using System.Text;
using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.Bash;

public sealed class BashKernelTests(BashKernel shared) : IClassFixture<BashKernel>
{
    private readonly KernelProcess _kernel = shared.Kernel;

    [Fact]
    public void Run_Echo_IsStdoutAlone()
    {
        var cell = _kernel.Run("echo hällo");

        Assert.Equal("hällo\n", cell.Stdout);
        Assert.Equal("", cell.Stderr);
        Assert.Null(cell.Error);
        Assert.Empty(cell.Results);
    }

    [Fact]
    public void Run_WhatACellSets_IsThereInTheNext()
    {
        _kernel.Run("cd /usr; x=5; y() { echo f$x; }; declare -A m; m[a]=1; shopt -s nullglob; alias hi='echo aliased'; export E=e");

        Assert.Equal("f5 1 /usr e\naliased\n", _kernel.Run("echo $(y) ${m[a]} $PWD $(printenv E) /nothing-*\nhi").Stdout);
        _kernel.Run("cd; shopt -u nullglob");
    }

    [Theory]
    [InlineData("false", 1)]
    [InlineData("(exit 3)", 3)]
    [InlineData("exit 7", 7)]
    [InlineData("f() { exit 8; }; f; echo never", 8)]
    [InlineData("if", 2)]
    [InlineData("nosuchcommand 2>/dev/null", 127)]
    [InlineData("set -e; f() { false; }; f; echo never", 1)]
    [InlineData("set -euo pipefail; false | true; echo never", 1)]
    public void Run_ThatFails_ReportsTheStatusAndLivesOn(string code, int status)
    {
        var cell = _kernel.Run(code);

        Assert.Equal("CommandError", cell.ErrorName);
        Assert.Equal($"exit status {status}", cell.ErrorValue);
        Assert.Equal("", cell.Stdout);
        Assert.Equal($"{status}\n", _kernel.Run("s=$?; set +eu +o pipefail; echo $s").Stdout.Replace("0\n", $"{status}\n", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("echo started; while :; do :; done")]
    [InlineData("echo started; sleep 1000; echo never")]
    [InlineData("echo started; for i in 1 2; do sleep 1000; done")]
    [InlineData("echo started; (while :; do :; done)")]
    [InlineData("echo started; sleep 1000 | cat")]
    [InlineData("echo started; x=$(sleep 1000)")]
    [InlineData("echo started; sleep 1000 & wait; kill %1")]
    [InlineData("f() { echo started; while :; do sleep 0.01; done; }; f")]
    public void Interrupt_RunningCell_EndsItWithKeyboardInterrupt(string code)
    {
        _kernel.Run("kept=5");

        var cell = _kernel.RunInterrupted(code);

        Assert.Equal("KeyboardInterrupt", cell.ErrorName);
        Assert.Equal("started\n", cell.Stdout);
        Assert.Equal("", cell.Stderr);
        Assert.Equal("5\n", _kernel.Run("echo $kept").Stdout);
    }

    [Fact]
    public void Interrupt_BetweenCells_DoesNothing()
    {
        for (var i = 0; i < 20; i++) _kernel.Interrupt();

        _ = _kernel.Run(":");
        Assert.Equal("alive\n", _kernel.Run("echo alive").Stdout);
    }

    [Fact]
    public void Run_WithVariables_HasThemInThatCellOnly()
    {
        _kernel.Run("export EXPORTED=1; PLAIN=2; unset FRESH");

        Assert.Equal("a 'b\n c 3 c\n", _kernel.Run(
            "echo \"$FRESH\" $EXPORTED $PLAIN $(printenv EXPORTED)", ("FRESH", "a 'b\n"), ("EXPORTED", "c"), ("PLAIN", "3")).Stdout);
        Assert.Equal("none 1 2 none\n", _kernel.Run("echo ${FRESH-none} $(printenv EXPORTED) $PLAIN $(printenv PLAIN || echo none)").Stdout);
    }

    [Fact]
    public void Run_Stdin_IsAtItsEnd() => Assert.Equal("[]\n", _kernel.Run("cat; read line; echo [$line]").Stdout);

    [Fact]
    public void Run_Child_HasNoDescriptorOfTheDriver() =>
        Assert.Equal("0\n1\n2\n3\n", _kernel.Run("ls /proc/self/fd").Stdout);

    [Fact]
    public void Run_BackgroundJobs_SayNothing()
    {
        // Not a bare `wait`: a job that outlived an interrupted cell of another test would be waited for as well.
        var cell = _kernel.Run("sleep 0 & wait $!; true & wait $!");

        Assert.Equal("", cell.Stdout + cell.Stderr);
    }

    [Theory]
    [InlineData("execute() { echo mine $1; }; execute 5; unset -f execute", "mine 5\n")]
    [InlineData("PROMPT_COMMAND='echo P'; PS1='prompt> '; echo set", "set\n")]
    [InlineData("unset PROMPT_COMMAND IGNOREEOF; read() { :; }; printf() { :; }; echo over; unset -f read printf", "over\n")]
    [InlineData("exec >/tmp/elsewhere; echo gone", "")]
    [InlineData("exec 0</etc/passwd; echo input", "input\n")]
    public void Run_ThatTouchesTheDriversMeans_DoesNotDisturbIt(string code, string stdout)
    {
        var cell = _kernel.Run(code);

        Assert.Equal(stdout, cell.Stdout);
        Assert.Equal("after\n", _kernel.Run("echo after").Stdout);
    }

    [Fact]
    public void Run_HundredMegabytesAndBinary_ArriveWhole()
    {
        var cell = _kernel.Run("yes 0123456789012345678901234567890123456789012345678901234567890123456789012345678 | head -n 1250000");

        Assert.Equal(100_000_000, cell.StdoutBytes.Length);
        var line = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("0123456789", 8))[..79] + "\n");
        var expected = Enumerable.Repeat(line, 1_250_000).SelectMany(bytes => bytes).ToArray();
        Assert.Equal(SHA256.HashData(expected), SHA256.HashData(cell.StdoutBytes.Span));
        Assert.Equal([0xff, 0x00, (byte)'a'], _kernel.Run("printf '\\xff\\x00a'").StdoutBytes.ToArray());
    }

    [Fact]
    public void Run_LongCode_IsReadToItsLastByte() =>
        Assert.Equal("end ü\n", _kernel.Run($"# {new string('é', 500_000)}\necho end ü").Stdout);

    [Fact]
    public void Close_OfTheProtocol_EndsTheKernel()
    {
        using var kernel = KernelProcess.Start("bash");

        Assert.Equal(0, kernel.Close());
    }
}
