using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MonkeyCoder.Kernels.Tests.Driving;

namespace MonkeyCoder.Kernels.Tests.JavaScript;

public sealed class JavaScriptKernelTests(JavaScriptKernel shared) : IClassFixture<JavaScriptKernel>
{
    private readonly KernelProcess _kernel = shared.Kernel;

    [Theory]
    [InlineData("1 + 1", "2")]
    [InlineData("'abc'", "abc")]
    [InlineData("null", "null")]
    [InlineData("const add = (x, y) => x + y;\nadd(1, 2)", "3")]
    [InlineData("await new Promise(r => setTimeout(() => r('late'), 1))", "late")]
    [InlineData("(async () => 7)()", "7")]
    [InlineData("async function main() {\n  return 'Hello'\n}\n\nawait main()", "Hello")]
    [InlineData("import fs, { readFileSync as rf } from 'fs'\nimport * as os from 'node:os'\n[typeof fs.readFileSync, typeof rf, os.platform()].join()", "function,function,linux")]
    [InlineData("require('node:path').join('a', 'b')", "a/b")]
    [InlineData("(await import('node:os')).EOL.length", "1")]
    [InlineData("export const e = 5; export default e + 1", "6")]
    [InlineData("const crypto = require('crypto'); crypto.createHash('sha1').update('a').digest('hex').length", "40")]
    [InlineData("new Map([[1, 2]])", "Map(1) { 1 => 2 }")]
    [InlineData("process.cwd() + new URL('.', import.meta.url).pathname", "/home/user/home/user/")]
    [InlineData("let t = 1\n;[1, 2].map(x => x + t).join()", "2,3")]
    [InlineData("a1 = 1\nawait 1\nvar b1 = a1 + 1\nb1", "2")]
    [InlineData("{a: 1}", "{ a: 1 }")]
    public void Run_LastExpression_IsTheMainResult(string code, string text)
    {
        var cell = _kernel.Run(code);

        Assert.Null(cell.Error);
        Assert.Equal(text, cell.Text);
    }

    [Theory]
    [InlineData("function subtract(x: number, y: number): number {\n  return x - y;\n}\n\nsubtract(1, 2)", "-1")]
    [InlineData("interface P { a: number }\nenum E { A, B }\nconst p: P = { a: E.B };\nawait Promise.resolve(p.a)", "1")]
    [InlineData("import type { Stats } from 'fs';\nlet s: Stats | undefined;\ntypeof s", "undefined")]
    public void Run_TypeScript_IsTaken(string code, string text) => Assert.Equal(text, _kernel.Run(code).Text);

    [Theory]
    [InlineData("const only = 1")]
    [InlineData("for (const i of [1]) { i }")]
    [InlineData("function f() {}")]
    [InlineData("undefined")]
    [InlineData("// nothing")]
    public void Run_WithoutValue_HasNoResult(string code)
    {
        var cell = _kernel.Run(code);

        Assert.Null(cell.Error);
        Assert.Empty(cell.Results);
    }

    [Fact]
    public void Run_Declarations_LiveOnAndCanBeDeclaredAgain()
    {
        _kernel.Run("const x = 1, {a, b: [c]} = {a: 2, b: [3]}; let y = 4; class A { m() { return 5 } }\nfunction f() { return x }");
        Assert.Equal("1,2,3,4,5,1", _kernel.Run("[x, a, c, y, new A().m(), f()].join()").Text);

        _kernel.Run("await 1\nconst x = 10, {a} = {a: 20}; let y; class A { m() { return 50 } }\nasync function f() { return x }\nfor (var i = 0; i < 3; i++) { var inner = i }");
        Assert.Equal("10,20,,50,10,3,2", _kernel.Run("[x, a, y, new A().m(), await f(), i, inner].join()").Text);
    }

    [Fact]
    public void Run_PlainData_HasJson()
    {
        var cell = _kernel.Run("({a: [1, 'ü', null, true], b: {c: 1.5}})");

        Assert.Equal(["json", "text"], CellOutcome.FieldsOf(cell.Main!.Value));
        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse("""{"a":[1,"ü",null,true],"b":{"c":1.5}}"""), JsonNode.Parse(cell.Main.Value.GetProperty("json").GetRawText())));
        Assert.Equal(["text"], CellOutcome.FieldsOf(_kernel.Run("({f() {}})").Main!.Value));
        Assert.Equal(["text"], CellOutcome.FieldsOf(_kernel.Run("const o = {}; o.o = o; o").Main!.Value));
    }

    [Fact]
    public void Run_JupyterDisplay_HasItsFormats()
    {
        var cell = _kernel.Run("""
            display({'image/png': Buffer.from('x'), 'application/x-y': 1}, {raw: true})
            await 0;
            ({
              [Symbol.for("Jupyter.display")]() {
                return { "text/plain": "Hello world!", "text/html": "<h1>Hello world!</h1>" }
              }
            })
            """);

        Assert.Equal(["extra", "png"], CellOutcome.FieldsOf(cell.Results[0]));
        Assert.Equal(["html", "text"], CellOutcome.FieldsOf(cell.Main!.Value));
        Assert.Equal("Hello world!", cell.Text);
    }

    [Theory]
    [InlineData("throw new TypeError('bad')", "TypeError", "bad")]
    [InlineData("throw 'text'", "Error", "text")]
    [InlineData("Promise.reject(new RangeError('no'))", "RangeError", "no")]
    [InlineData("Promise.reject(new Error('stray')); 5", "Error", "stray")]
    [InlineData("setTimeout(() => { throw new Error('timer') }, 1); await new Promise(() => {})", "Error", "timer")]
    [InlineData("process.exit(3)", "SystemExit", "3")]
    [InlineData("setTimeout(() => process.exit(4), 1); await new Promise(() => {})", "SystemExit", "4")]
    [InlineData("import { nope } from 'fs'", "SyntaxError", "The requested module 'fs' does not provide an export named 'nope'")]
    [InlineData("throw { toString() { throw 1 }, get name() { throw 2 } }", "Error", null)]
    [InlineData("new Proxy({}, { get() { throw new Error('trap') } })", "Error", "trap")]
    [InlineData("(function f() { f() })()", "RangeError", "Maximum call stack size exceeded")]
    public void Run_ThatThrows_ReportsItAndLivesOn(string code, string name, string? value)
    {
        var cell = _kernel.Run(code);

        Assert.Equal(name, cell.ErrorName);
        if (value is not null) Assert.Equal(value, cell.ErrorValue);
        Assert.DoesNotContain("opt/monkeycoder", cell.Traceback, StringComparison.Ordinal);
        Assert.Equal("2", _kernel.Run("1+1").Text);
    }

    [Fact]
    public void Run_SyntaxError_PointsAtThePlace()
    {
        var cell = _kernel.Run("const a = 1;\nconst q = ;");

        Assert.Equal("SyntaxError", cell.ErrorName);
        Assert.Contains("const q = ;\n          ^", cell.Traceback, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("console.log('started'); while (true);")]
    [InlineData("console.log('started'); await new Promise(() => {})")]
    [InlineData("console.log('started'); new Promise(() => {})")]
    [InlineData("async function w() { console.log('started'); while (true); }\nawait w()")]
    [InlineData("await 1; console.log('started'); while (true);")]
    [InlineData("async function main() { await new Promise(r => setTimeout(r, 1)); console.log('started'); for (;;) display(1) }\nmain()")]
    [InlineData("setTimeout(() => { console.log('started'); while (true); }, 1); await new Promise(() => {})")]
    [InlineData("for (;;) { console.log('started'); await new Promise(r => setTimeout(r, 1)) }")]
    [InlineData("require('child_process').execSync('echo started; sleep 1000', {stdio: 'inherit'})")]
    [InlineData("console.log('started'); for (;;) console.log('more')")]
    public void Interrupt_RunningCell_EndsItWithKeyboardInterrupt(string code)
    {
        _kernel.Run("const kept = 5");

        Assert.Equal("KeyboardInterrupt", _kernel.RunInterrupted(code).ErrorName);
        Assert.Equal("5", _kernel.Run("kept").Text);
    }

    [Fact]
    public void Interrupt_WatcherOfSignalsWasKilled_StillEndsTheCell()
    {
        _kernel.Run("require('child_process').execSync('pkill -KILL -P ' + process.pid + ' -x sh || true')");

        Assert.Equal("KeyboardInterrupt", _kernel.RunInterrupted("console.log('started'); while (true);").ErrorName);
        Assert.Equal("6", _kernel.Run("1 + 5").Text);
    }

    [Fact]
    public void Interrupt_AwaitingCell_RunsItsFinally() =>
        Assert.Equal("started\nfinally\n", _kernel.RunInterrupted(
            "try { setTimeout(() => console.log('started'), 1); await new Promise(() => {}) } finally { console.log('finally') }").Stdout);

    [Fact]
    public void Interrupt_BetweenCells_DoesNothing()
    {
        for (var i = 0; i < 20; i++) _kernel.Interrupt();

        _ = _kernel.Run("0");
        Assert.Equal("alive", _kernel.Run("'alive'").Text);
    }

    [Fact]
    public void Run_Output_IsExact()
    {
        var cell = _kernel.Run("process.stdout.write(Buffer.from([255, 0, 10])); console.log('hellö'); console.error('err')");

        Assert.Equal([255, 0, 10, .. "hellö\n"u8], cell.StdoutBytes.ToArray());
        Assert.Equal("err\n", cell.Stderr);
        Assert.Equal("still\n", _kernel.Run("process.stdout.end(); console.log('still')").Stdout);
    }

    [Fact]
    public void Run_HundredMegabytes_ArriveWhole()
    {
        var cell = _kernel.Run("const block = ('x'.repeat(79) + '\\n').repeat(1250); for (let i = 0; i < 1000; i++) process.stdout.write(block)");

        var expected = new byte[100_000_000];
        expected.AsSpan().Fill((byte)'x');
        for (var i = 79; i < expected.Length; i += 80) expected[i] = (byte)'\n';
        Assert.Equal(SHA256.HashData(expected), SHA256.HashData(cell.StdoutBytes.Span));
    }

    [Fact]
    public void Run_HugeText_IsCut() => Assert.EndsWith("MiB]", _kernel.Run("'é'.repeat(50 << 20)").Text, StringComparison.Ordinal);

    [Fact]
    public void Run_WithVariables_HasThemInThatCellOnly()
    {
        Assert.Equal("bär", _kernel.Run("process.env.FOO", ("FOO", "bär")).Text);
        Assert.Equal("undefined", _kernel.Run("typeof process.env.FOO").Text);
    }

    [Fact]
    public void Run_Child_HasNoDescriptorOfTheDriver() =>
        Assert.Equal("0\n1\n2\n3\n", _kernel.Run("require('child_process').execSync('ls /proc/self/fd', {stdio: 'inherit'}); 0").Stdout);

    [Fact]
    public void Start_OfTypeScript_IsTheSameDriver()
    {
        using var kernel = KernelProcess.Start("typescript");

        Assert.Equal("3", kernel.Run("const n: number = 3; n").Text);
        Assert.Equal(0, kernel.Close());
    }
}
