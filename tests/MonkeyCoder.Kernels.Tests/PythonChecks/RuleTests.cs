using System.Text.Json;
using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.PythonChecks;

/// <summary>What the rules find and, as much, what they leave alone: with the Python of the template.</summary>
public sealed class RuleTests(PythonChecker shared) : IClassFixture<PythonChecker>
{
    private readonly KernelProcess _checker = shared.Kernel;

    [Theory]
    [InlineData("import os\nos.system('id')", "process@2:1")]
    [InlineData("import os as o\no.popen('id')", "process@2:1")]
    [InlineData("from os import system as s\ns('id')", "process@1:16 process@2:1")]
    [InlineData("from os import *\nsystem('id')", "process@2:1")]
    [InlineData("import os\nrun = os.system\nrun('id')", "process@2:7 process@3:1")]
    [InlineData("import os\nlist(map(os.system, ['id']))", "process@2:10")]
    [InlineData("getattr(os, 'sys' + 'tem')\nimport os", "process@1:1")]
    [InlineData("import os\nvars(os)['system']", "process@2:1")]
    [InlineData("import os\nos.__dict__['fork']()", "process@2:1")]
    [InlineData("import sys\nsys.modules['os'].kill(1, 9)", "process@2:1")]
    [InlineData("import posix\nposix.execv('/bin/sh', [])", "process@2:1")]
    [InlineData("import subprocess", "process-import@1:1")]
    [InlineData("if x:\n    from subprocess import run", "process-import@2:5 process@2:28")]
    [InlineData("import multiprocessing as mp", "worker-processes@1:1")]
    [InlineData("import ctypes.util", "native-code@1:1")]
    [InlineData("eval('1')", "dynamic-code@1:1")]
    [InlineData("exec(compile(x, '', 'exec'))", "dynamic-code@1:1 dynamic-code@1:6")]
    [InlineData("import builtins\nbuiltins.exec('1')", "dynamic-code@2:1")]
    [InlineData("ｅｖａｌ('1')", "dynamic-code@1:1")]
    [InlineData("__import__('os').system('id')", "dynamic-import@1:1 process@1:1")]
    [InlineData("from importlib import import_module as i\ni(name)", "import-machinery@1:1 dynamic-import@2:1")]
    [InlineData("import importlib\nimportlib.import_module('ctypes')", "import-machinery@1:1 native-code@2:1")]
    [InlineData("().__class__.__base__.__subclasses__()", "class-hierarchy@1:1 interpreter-internals@1:1")]
    [InlineData("f.__globals__['x']", "interpreter-internals@1:1")]
    [InlineData("getattr(f, '__code__')", "interpreter-internals@1:1")]
    [InlineData("getattr(__builtins__, 'ev' + 'al')", "dynamic-code@1:1 interpreter-internals@1:9")]
    [InlineData("getattr(x, name)", "dynamic-attribute@1:1")]
    [InlineData("import sys\nsys._getframe()", "frames@2:1")]
    [InlineData("open('/etc/passwd')", "system-path@1:1")]
    [InlineData("open('/etc/./shadow')", "sensitive-path@1:1")]
    [InlineData("open('/etc/hosts.allow', 'a')", "sensitive-path@1:1")]
    [InlineData("open(f'/proc/{pid}/mem')", "system-path@1:1")]
    [InlineData("from pathlib import Path\nPath('/proc/1/environ').read_text()", "sensitive-path@2:1")]
    [InlineData("import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW)", "raw-socket@2:31")]
    [InlineData("import pickle\npickle.loads(b'')", "unsafe-deserialization@2:1")]
    [InlineData("import base64\nexec(base64.b64decode('cGFzcw=='))", "dynamic-code@2:1 obfuscated-code@2:1")]
    [InlineData("!ls", "shell-escape@1:1")]
    [InlineData("x = 1\nfiles = !ls", "shell-escape@2:9")]
    [InlineData("%%bash\nls", "shell-escape@1:1")]
    [InlineData("  import subprocess\n  x = 1", "process-import@1:1")]
    [InlineData("await asyncio.create_subprocess_shell('id')\nimport asyncio", "process@1:7")]
    [InlineData("# -*- coding: utf-7 -*-\n1", "odd-source@1:15")]
    [InlineData("\ufeffprint(1)", "odd-source@1:1")]
    [InlineData("x = 1\ny\0 = 2", "odd-source@2:2")]
    public void Check_DangerousCode_FindsItWhereItIs(string code, string expected) =>
        Assert.Equal(expected, Places(Check(code)));

    [Theory]
    [InlineData("# os.system('rm -rf /')\ns = \"import subprocess; eval(x); __import__('os')\"")]
    [InlineData("evaluation = 1; my_exec = 2; compiled = {'open': 3}\nclass A:\n    def eval(self): return 5\nprint(A().eval(), evaluation + my_exec)")]
    [InlineData("import json, math, re, pathlib, os, sys\nre.compile('x'); os.getcwd(); os.environ['HOME']; sys.path")]
    [InlineData("def run(eval, compile=None):\n    return eval(compile)")]
    [InlineData("import pandas as pd\npd.DataFrame({'a': [1]}).eval('b = a').query('a > 0')")]
    [InlineData("open('/tmp/x', 'w').write('1'); open('data.csv'); open('/dev/null'); open('/home/user/etc/x')")]
    [InlineData("from importlib import metadata\nfrom importlib.metadata import version\nimport importlib.resources")]
    [InlineData("getattr(x, 'name'); hasattr(x, name); type(x).__name__; x.__class__; x.__dict__")]
    [InlineData("%matplotlib inline\nimport matplotlib.pyplot as plt")]
    [InlineData("class T(Exception):\n    def __reduce__(self): return (T, ())")]
    [InlineData("import requests\nrequests.get('https://example.com')")]
    [InlineData("for i in range(3): pass\nelse: pass\nmatch x:\n    case {'a': [1, *_]}: pass")]
    [InlineData("this is no python")]
    [InlineData("")]
    public void Check_HonestCode_FindsNothing(string code) => Assert.Equal("", Places(Check(code)));

    [Fact]
    public void Check_Finding_SaysEverything()
    {
        var finding = Assert.Single(Check("x = 'ü😀'; eval(x)  # " + new string('y', 200)).GetProperty("findings").EnumerateArray());

        Assert.Equal("dynamic-code", finding.GetProperty("rule").GetString());
        Assert.Equal("error", finding.GetProperty("severity").GetString());
        Assert.Equal("eval runs or compiles code that cannot be seen here.", finding.GetProperty("message").GetString());
        Assert.Equal((1, 11, 1, 15), (
            finding.GetProperty("line").GetInt32(), finding.GetProperty("column").GetInt32(),
            finding.GetProperty("end_line").GetInt32(), finding.GetProperty("end_column").GetInt32()));
        var snippet = finding.GetProperty("snippet").GetString()!;
        Assert.StartsWith("x = 'ü😀'; eval(x)  # yyy", snippet, StringComparison.Ordinal);
        Assert.Equal(120, snippet.EnumerateRunes().Count());
    }

    [Fact]
    public void Check_LongEncodedLiteral_IsFound() =>
        Assert.Equal("long-literal@1:5", Places(Check($"x = '{new string('A', 1000)}'; y = '{string.Concat(Enumerable.Repeat("plain text ", 100))}'")));

    [Fact]
    public void Check_ManyFindings_AreCutAndItIsSaid()
    {
        var answer = Check(string.Concat(Enumerable.Repeat("eval('1')\n", 500)));

        Assert.Equal(100, answer.GetProperty("findings").GetArrayLength());
        Assert.True(answer.GetProperty("truncated").GetBoolean());
    }

    [Fact]
    public void Check_SourceThatWouldDoSomething_RunsNothing()
    {
        var outcome = _checker.Run("print('ran')\nimport os\nos.abort()\n");

        Assert.Equal("", outcome.Stdout + outcome.Stderr);
        Assert.Equal("", Places(outcome.Findings!.Value));
    }

    private JsonElement Check(string code)
    {
        var outcome = _checker.Run(code);
        Assert.False(outcome.Died);
        Assert.Equal("", outcome.Stderr);
        return outcome.Findings!.Value;
    }

    private static string Places(JsonElement answer) => string.Join(' ', answer.GetProperty("findings").EnumerateArray().Select(finding =>
        $"{finding.GetProperty("rule").GetString()}@{finding.GetProperty("line").GetInt32()}:{finding.GetProperty("column").GetInt32()}"));
}
