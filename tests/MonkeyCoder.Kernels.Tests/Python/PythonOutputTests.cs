using System.Security.Cryptography;
using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.Python;

/// <summary>stdout and stderr of a Python cell, to the byte.</summary>
public sealed class PythonOutputTests(PythonKernel shared) : IClassFixture<PythonKernel>
{
    private readonly KernelProcess _kernel = shared.Kernel;

    [Fact]
    public void Run_HundredMegabytesOfLines_ArriveWhole()
    {
        var cell = _kernel.Run("line = 'x' * 79\nfor i in range(1_250_000): print(line)");

        var expected = new byte[100_000_000];
        expected.AsSpan().Fill((byte)'x');
        for (var i = 79; i < expected.Length; i += 80) expected[i] = (byte)'\n';
        Assert.Equal(expected.Length, cell.StdoutBytes.Length);
        Assert.Equal(SHA256.HashData(expected), SHA256.HashData(cell.StdoutBytes.Span));
    }

    [Fact]
    public void Run_BinaryOutput_IsExact()
    {
        var cell = _kernel.Run("import sys\nfor i in range(4): sys.stdout.buffer.write(bytes(range(256)))");

        Assert.Equal([.. Enumerable.Range(0, 4 * 256).Select(i => (byte)i)], cell.StdoutBytes.ToArray());
    }

    [Fact]
    public void Run_StrangeText_IsWrittenAsEscapes() =>
        Assert.Equal("\\udcff é 😀\n", _kernel.Run("print(chr(0xdcff), 'é', '\\U0001F600')").Stdout);

    [Fact]
    public void Run_PartialLinesAndStderr_AreThereAtTheEnd()
    {
        var cell = _kernel.Run("import sys, os\nprint('no newline', end='')\nsys.stderr.write('err')\nos.write(1, b'')");

        Assert.Equal("no newline", cell.Stdout);
        Assert.Equal("err", cell.Stderr);
        Assert.Equal("False", _kernel.Run("sys.stdout.isatty()").Text);
    }

    [Fact]
    public void Run_OutputOfChildren_ComesInOrder() =>
        Assert.Equal("1\n2\n3\n4\n", _kernel.Run("import subprocess\nprint(1)\nsubprocess.run(['echo', '2'])\nprint(3)\n!echo 4").Stdout);

    [Fact]
    public void Run_ClosedStdout_IsOpenAgainInTheNextCell()
    {
        _kernel.Run("import sys\nsys.stdout.close()");

        Assert.Equal("back\n", _kernel.Run("print('back')").Stdout);
    }

    [Fact]
    public void Run_ReplacedStdout_StaysReplacedUntilPutBack()
    {
        _kernel.Run("import sys, io\nsaved, sys.stdout = sys.stdout, io.StringIO()\nprint('held')");

        Assert.Equal("held\n", _kernel.Run("text = sys.stdout.getvalue(); sys.stdout = saved\nprint(text, end='')").Stdout);
    }
}
