using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.Python;

/// <summary>The process that a Python kernel is: its environment, descriptors, threads, forks, start and end.</summary>
public sealed class PythonProcessTests
{
    [Fact]
    public void Run_WithVariables_HasThemInThatCellOnly()
    {
        using var kernel = KernelProcess.Start("python");
        kernel.Run("import os\nos.environ['MINE'] = 'kept'");

        Assert.Equal("['bär', 'other', 'bär']", kernel.Run(
            "out = !echo $FOO\n[os.environ['FOO'], os.environ['MINE'], out[0]]", ("FOO", "bär"), ("MINE", "other")).Text);
        Assert.Equal("[None, 'kept']", kernel.Run("[os.environ.get('FOO'), os.environ.get('MINE')]").Text);
        kernel.Run("os.environ['FOO'] = 'changed'; os.environ['NEW'] = 'stays'", ("FOO", "1"));
        Assert.Equal("[None, 'stays']", kernel.Run("[os.environ.get('FOO'), os.environ.get('NEW')]").Text);
    }

    [Fact]
    public void Run_Fork_LeavesOneKernel()
    {
        using var kernel = KernelProcess.Start("python");

        var cell = kernel.Run("import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nprint('parent' if pid else 'child')\ndisplay('shown')\n'value'");

        Assert.Equal("child\nparent\n", cell.Stdout);
        Assert.Equal(["shown", "value"], cell.Results.Select(result => result.GetProperty("text").GetString()));
        Assert.Equal("True", kernel.Run("pid > 0").Text);
        Assert.Equal("[0, 1, 4, 9]", kernel.Run(
            "import multiprocessing\ndef square(x): return x * x\nwith multiprocessing.get_context('fork').Pool(2) as pool: r = pool.map(square, range(4))\nr").Text);
    }

    [Fact]
    public void Run_Child_HasNoDescriptorOfTheDriver()
    {
        using var kernel = KernelProcess.Start("python");

        // 3 is the directory that ls has open.
        Assert.Equal("0\n1\n2\n3\n", kernel.Run("import subprocess\nsubprocess.run(['ls', '/proc/self/fd'], close_fds=False);").Stdout);
    }

    [Fact]
    public void Start_WithPreload_HasOneThreadAndTheModulesAndAnUntouchedHome()
    {
        using var kernel = KernelProcess.Start("python", preload: true);
        kernel.Run("import sys, os, time");
        // A request ends the preload early: what is missing is imported here.
        var cell = kernel.Run("""
            import numpy, pandas, matplotlib.pyplot
            print(len(os.listdir('/proc/self/task')), os.listdir('/home/user'), sys.path[0] == '', os.environ['OMP_NUM_THREADS'])
            """);

        Assert.Null(cell.Error);
        Assert.StartsWith("1 [", cell.Stdout, StringComparison.Ordinal);
        Assert.EndsWith("] True 1\n", cell.Stdout, StringComparison.Ordinal);
        Assert.Equal("", cell.Stderr);
    }

    [Fact]
    public void Start_WithReadOnlyHome_Works()
    {
        using var kernel = KernelProcess.Start("python", homeMode: "0500");

        Assert.Equal("2", kernel.Run("1+1").Text);
        Assert.Equal("", kernel.Run("print(end='')").Stderr);
    }

    [Fact]
    public void Run_ModulesNamedLikeTheDriversOwn_DoNotDisturbIt()
    {
        using var kernel = KernelProcess.Start("python");

        kernel.Run("for name in ('json', 'random', 'results', 'kernel', 'charts', 'traceback'):\n  open(f'/home/user/{name}.py', 'w').write('raise RuntimeError')");

        Assert.Equal("ZeroDivisionError", kernel.Run("1/0").ErrorName);
        Assert.Equal("{'a': 1}", kernel.Run("{'a': 1}").Text);
    }

    [Fact]
    public void Run_PackageInstalledByTheUser_CanBeImportedWithoutARestart()
    {
        using var kernel = KernelProcess.Start("python");

        kernel.Run("import os, site\nos.makedirs(site.getusersitepackages())\nopen(site.getusersitepackages() + '/fresh.py', 'w').write('x = 9')");

        Assert.Equal("9", kernel.Run("import fresh\nfresh.x").Text);
    }

    [Fact]
    public void Run_ProcessThatExits_EndsTheProtocol()
    {
        using var kernel = KernelProcess.Start("python");

        Assert.True(kernel.Run("import os\nos._exit(5)").Died);
    }

    [Fact]
    public void Close_OfTheProtocol_EndsTheKernel()
    {
        using var kernel = KernelProcess.Start("python");

        Assert.Equal(0, kernel.Close());
    }
}
