using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.Python;

/// <summary>What a Python cell raises. The kernel lives on, whatever it is.</summary>
public sealed class PythonErrorTests(PythonKernel shared) : IClassFixture<PythonKernel>
{
    private readonly KernelProcess _kernel = shared.Kernel;

    [Theory]
    [InlineData("1/0", "ZeroDivisionError", "division by zero")]
    [InlineData("raise SystemExit(3)", "SystemExit", "3")]
    [InlineData("import sys; sys.exit('bye')", "SystemExit", "bye")]
    [InlineData("exit()", "SystemExit", "")]
    [InlineData("quit(2)", "SystemExit", "2")]
    [InlineData("raise KeyboardInterrupt", "KeyboardInterrupt", "")]
    [InlineData("def f(): f()\nf()", "RecursionError", "maximum recursion depth exceeded")]
    [InlineData("class A:\n  def __repr__(self): raise ValueError('no')\nA()", "ValueError", "no")]
    [InlineData("class A:\n  def _repr_html_(self): raise ValueError('no html')\nA()", "ValueError", "no html")]
    [InlineData("class E(Exception):\n  def __str__(self): raise ValueError('no')\nraise E()", "E", "<unprintable E object>")]
    [InlineData("raise Exception(chr(0xdcff))", "Exception", "\ufffd")]
    [InlineData("input('name? ')", "EOFError", "input() has nobody to ask: a cell has no stdin. Put the value into the code.")]
    [InlineData("%nosuchmagic", "UsageError", "Line magic function `%nosuchmagic` not found.")]
    [InlineData("async def f(): raise OSError('async')\nawait f()", "OSError", "async")]
    public void Run_ThatRaises_ReportsItAndLivesOn(string code, string name, string value)
    {
        var cell = _kernel.Run(code);

        Assert.Equal(name, cell.ErrorName);
        Assert.Equal(value, cell.ErrorValue);
        Assert.Equal("2", _kernel.Run("1+1").Text);
    }

    [Fact]
    public void Run_SyntaxError_PointsAtTheLine()
    {
        var cell = _kernel.Run("x = 1\nfor in y:\n  pass");

        Assert.Equal("SyntaxError", cell.ErrorName);
        Assert.Contains("line 2", cell.Traceback, StringComparison.Ordinal);
        Assert.Contains("for in y:", cell.Traceback, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ThatRaises_HasAPlainTracebackOfTheCellOnly()
    {
        var cell = _kernel.Run("def inner(a):\n    return a['missing']\n\ninner({})");

        Assert.Contains("----> 4 inner({})", cell.Traceback, StringComparison.Ordinal);
        Assert.Contains("KeyError: 'missing'", cell.Traceback, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", cell.Traceback, StringComparison.Ordinal);
        Assert.DoesNotContain("monkeycoder", cell.Traceback, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ThatRaisesAfterOutput_KeepsBoth()
    {
        var cell = _kernel.Run("print('before')\ndisplay(1)\nraise ValueError('after')");

        Assert.Equal("before\n", cell.Stdout);
        Assert.Single(cell.Results);
        Assert.Equal("ValueError", cell.ErrorName);
    }

    [Fact]
    public void Run_BashMagicThatFails_IsAnError()
    {
        var cell = _kernel.Run("%%bash\necho out\nexit 3");

        Assert.Equal("out\n", cell.Stdout);
        Assert.Equal("CalledProcessError", cell.ErrorName);
    }
}
