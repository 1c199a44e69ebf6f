using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.Python;

/// <summary>SIGINT ends a Python cell and nothing else.</summary>
public sealed class PythonInterruptTests(PythonKernel shared) : IClassFixture<PythonKernel>
{
    private readonly KernelProcess _kernel = shared.Kernel;

    [Theory]
    [InlineData("print('started')\nwhile True: pass")]
    [InlineData("import time\nprint('started')\ntime.sleep(1000)")]
    [InlineData("import asyncio\nprint('started')\nawait asyncio.sleep(1000)")]
    [InlineData("import asyncio\nawait asyncio.sleep(0)\nprint('started')\nwhile True: pass")]
    [InlineData("import subprocess\nsubprocess.run(['sh', '-c', 'echo started; exec sleep 1000'])")]
    [InlineData("!echo started; sleep 1000")]
    [InlineData("%%bash\necho started\nsleep 1000\necho never")]
    [InlineData("print('started')\nwhile True: display(1)")]
    [InlineData("print('started')\nwhile True: print('more')")]
    public void Interrupt_RunningCell_EndsItWithKeyboardInterrupt(string code)
    {
        _kernel.Run("kept = 5");

        var cell = _kernel.RunInterrupted(code);

        Assert.Equal("KeyboardInterrupt", cell.ErrorName);
        Assert.DoesNotContain("never", cell.Stdout, StringComparison.Ordinal);
        Assert.DoesNotContain("monkeycoder", cell.Traceback, StringComparison.Ordinal);
        Assert.Equal("5", _kernel.Run("kept").Text);
    }

    [Fact]
    public void Interrupt_CellThatCatchesIt_GoesOn()
    {
        var cell = _kernel.RunInterrupted("import time\ntry:\n  print('started')\n  time.sleep(1000)\nexcept KeyboardInterrupt:\n  print('caught')\n7");

        Assert.Null(cell.Error);
        Assert.Equal("started\ncaught\n", cell.Stdout);
        Assert.Equal("7", cell.Text);
    }

    [Fact]
    public void Interrupt_AwaitingCell_RunsItsFinally()
    {
        var cell = _kernel.RunInterrupted("import asyncio\ntry:\n  print('started')\n  await asyncio.sleep(1000)\nfinally:\n  print('finally')");

        Assert.Equal("KeyboardInterrupt", cell.ErrorName);
        Assert.Equal("started\nfinally\n", cell.Stdout);
    }

    [Fact]
    public void Interrupt_BetweenCells_DoesNothing()
    {
        _kernel.Run("kept = 6");

        for (var i = 0; i < 20; i++) _kernel.Interrupt();

        // The signals may still be on their way, and then meet this cell: it is the only one that may be ended.
        _ = _kernel.Run("pass");
        Assert.Equal("6", _kernel.Run("kept").Text);
    }

    [Fact]
    public void Interrupt_AfterACellTookTheSignalAway_WorksAgain()
    {
        _kernel.Run("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)");

        Assert.Equal("KeyboardInterrupt", _kernel.RunInterrupted("print('started')\nwhile True: pass").ErrorName);
    }

    [Fact]
    public void Interrupt_ManyTimesInAStorm_NeverLosesTheProtocol()
    {
        for (var i = 0; i < 40; i++)
        {
            _kernel.Begin("print('started')\nfor i in range(300): display(i)\nwhile True: pass");
            _kernel.WaitForStdout("started");
            for (var n = 0; n <= i % 4; n++) _kernel.Interrupt();
            Assert.Equal("KeyboardInterrupt", _kernel.Finish().ErrorName);
        }

        Assert.Equal("2", _kernel.Run("1+1").Text);
    }
}
