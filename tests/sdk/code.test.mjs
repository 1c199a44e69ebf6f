// The code interpreter.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeSandbox, errorOf, needs, signal } from './lib/world.mjs'

test('a cell has a result, a count and a memory', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  const first = await sandbox.runCode('x = 41\nx + 1')
  assert.equal(first.text, '42')
  assert.equal(first.executionCount, 1)
  assert.equal(first.error, undefined)
  const second = await sandbox.runCode('x')
  assert.equal(second.text, '41')
  assert.equal(second.executionCount, 2)
})

test('output streams while the cell runs', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  const seen = signal()
  // The cell ends only when the first line has been seen outside.
  const running = sandbox.runCode(
    'import os, sys, time\nprint("first ü")\nwhile not os.path.exists("/tmp/seen"): time.sleep(0.01)\nprint("err", file=sys.stderr)\nprint("last")',
    { onStdout: (message) => message.line.includes('first') && seen.fire() },
  )
  await seen.promise
  await sandbox.files.write('/tmp/seen', '')
  const execution = await running
  assert.equal(execution.logs.stdout.join(''), 'first ü\nlast\n')
  assert.equal(execution.logs.stderr.join(''), 'err\n')
  const hello = await sandbox.runCode('print("hello")')
  assert.deepEqual(hello.logs.stdout, ['hello\n'])
})

test('an error is an error and the kernel lives on', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  const failed = await sandbox.runCode('y = 1\n1 / 0')
  assert.equal(failed.error.name, 'ZeroDivisionError')
  assert.equal(failed.error.value, 'division by zero')
  assert.match(failed.error.traceback, /ZeroDivisionError/)
  assert.equal((await sandbox.runCode('y')).text, '1')
})

test('tables and plots come as data, picture and chart', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  const table = await sandbox.runCode('import pandas as pd\npd.DataFrame({"a": [1, 2], "b": ["x", "y"]})')
  assert.equal(table.error, undefined, table.error?.traceback)
  assert.deepEqual(table.results[0].data, { a: [1, 2], b: ['x', 'y'] })
  assert.match(table.results[0].html, /<table/)
  const plot = await sandbox.runCode(
    'import matplotlib.pyplot as plt\nplt.plot([1, 2, 3], [4, 5, 6], label="L")\nplt.xlabel("t (s)")\nplt.title("T")\nplt.show()')
  assert.equal(plot.error, undefined, plot.error?.traceback)
  const [result] = plot.results
  assert.ok(Buffer.from(result.png, 'base64').subarray(1, 4).equals(Buffer.from('PNG')))
  assert.equal(result.chart.type, 'line')
  assert.equal(result.chart.title, 'T')
  assert.equal(result.chart.x_unit, 's')
  assert.deepEqual(result.chart.elements[0].points, [[1, 4], [2, 5], [3, 6]])
  assert.deepEqual(result.extra, {})
})

test('environment of the sandbox and of one cell', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t, { envs: { KEPT: 'sandbox', BOTH: 'sandbox' } })
  const code = 'import os\n(os.environ.get("KEPT"), os.environ.get("BOTH"), os.environ.get("ONCE"))'
  assert.equal((await sandbox.runCode(code)).text, "('sandbox', 'sandbox', None)")
  assert.equal((await sandbox.runCode(code, { envs: { ONCE: 'cell', BOTH: 'cell' } })).text, "('sandbox', 'cell', 'cell')")
  assert.equal((await sandbox.runCode(code)).text, "('sandbox', 'sandbox', None)")
})

test('contexts are apart, listed, restarted and removed', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  await sandbox.runCode('v = "default"')
  const context = await sandbox.createCodeContext({ cwd: '/tmp' })
  assert.equal(context.language, 'python')
  assert.equal(context.cwd, '/tmp')
  assert.equal((await sandbox.runCode('import os; os.getcwd()', { context })).text, '/tmp')
  assert.equal((await sandbox.runCode('v', { context })).error.name, 'NameError')
  const listed = await sandbox.listCodeContexts()
  assert.equal(listed.at(-1).id, context.id)
  assert.deepEqual(listed.slice(0, 2).map((item) => item.language), ['python', 'javascript'])
  await sandbox.runCode('w = 1', { context })
  await sandbox.restartCodeContext(context)
  assert.equal((await sandbox.runCode('w', { context })).error.name, 'NameError')
  await sandbox.removeCodeContext(context.id)
  assert.ok(!(await sandbox.listCodeContexts()).some((item) => item.id === context.id))
  assert.match((await errorOf(sandbox.runCode('1', { context }))).message, /not found/)
  assert.equal((await sandbox.runCode('v')).text, 'default')
})

test('JavaScript, TypeScript and bash keep their state', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  await sandbox.runCode('const n = 20', { language: 'js' })
  assert.equal((await sandbox.runCode('await Promise.resolve(n + 1)', { language: 'javascript' })).text, '21')
  assert.equal((await sandbox.runCode('const m: number = 5; m * 2', { language: 'ts' })).text, '10')
  await sandbox.runCode('B=kept; cd /tmp', { language: 'bash' })
  const shell = await sandbox.runCode('echo "$B $PWD"', { language: 'bash' })
  assert.equal(shell.logs.stdout.join(''), 'kept /tmp\n')
  const failed = await sandbox.runCode('throw new TypeError("no")', { language: 'js' })
  assert.equal(failed.error.name, 'TypeError')
  assert.equal(failed.error.value, 'no')
})

test('a cell over its time is interrupted and the kernel survives', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  await sandbox.runCode('z = 7')
  const error = await errorOf(sandbox.runCode('import time\nwhile True: time.sleep(0.1)', { timeoutMs: 1500 }))
  assert.equal(error.name, 'TimeoutError')
  assert.equal((await sandbox.runCode('z')).text, '7')
})

test('a sandbox killed under a cell says so', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  const up = signal()
  const running = sandbox.runCode('print("up", flush=True)\nimport time; time.sleep(100)', { onStdout: up.fire })
  const ended = errorOf(running)
  await up.promise
  await sandbox.kill()
  const error = await ended
  assert.equal(error.name, 'TimeoutError', error.message)
})

test('every format of a result has its field', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  const execution = await sandbox.runCode(`
class Rich:
    def _repr_html_(self): return '<b>h</b>'
    def _repr_markdown_(self): return '**m**'
    def _repr_svg_(self): return '<svg/>'
    def _repr_png_(self): return b'\\x89PNG'
    def _repr_jpeg_(self): return b'\\xff\\xd8'
    def _repr_pdf_(self): return b'%PDF'
    def _repr_latex_(self): return '$x$'
    def _repr_json_(self): return {'k': [1, None]}
    def _repr_javascript_(self): return 'f()'
    def __repr__(self): return 'text'
Rich()`)
  assert.equal(execution.error, undefined, execution.error?.traceback)
  const [result] = execution.results
  assert.equal(result.isMainResult, true)
  assert.deepEqual(
    [result.text, result.html, result.markdown, result.svg, result.latex, result.javascript],
    ['text', '<b>h</b>', '**m**', '<svg/>', '$x$', 'f()'])
  assert.deepEqual(result.json, { k: [1, null] })
  assert.deepEqual(
    [result.png, result.jpeg, result.pdf].map((data) => Buffer.from(data, 'base64').toString('latin1')),
    ['\x89PNG', '\xff\xd8', '%PDF'])
})

test('every kind of chart comes with its data', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  const execution = await sandbox.runCode(`
import matplotlib.pyplot as plt
plt.scatter([1, 2], [3, 4]); plt.show()
plt.bar(['a', 'b'], [1, 2]); plt.show()
plt.pie([1, 3], labels=['p', 'q']); plt.show()
plt.boxplot([[1, 2, 3, 4]]); plt.show()
figure, axes = plt.subplots(1, 2); axes[0].plot([1]); axes[1].bar(['c'], [5]); figure.suptitle('both'); plt.show()`)
  assert.equal(execution.error, undefined, execution.error?.traceback)
  const charts = execution.results.map((result) => result.chart)
  assert.deepEqual(charts.map((chart) => chart.type), ['scatter', 'bar', 'pie', 'box_and_whisker', 'superchart'])
  assert.deepEqual(charts[0].elements[0].points, [[1, 3], [2, 4]])
  assert.deepEqual(charts[1].elements.map(({ label, value }) => [label, value]), [['a', 1], ['b', 2]])
  assert.deepEqual(charts[2].elements.map(({ label }) => label), ['p', 'q'])
  assert.deepEqual([charts[3].elements[0].min, charts[3].elements[0].median, charts[3].elements[0].max], [1, 2.5, 4])
  assert.equal(charts[4].title, 'both')
  assert.deepEqual(charts[4].elements.map((chart) => chart.type), ['line', 'bar'])
})

test('one context runs one cell at a time, contexts run beside each other', needs('kernels'), async (t) => {
  const sandbox = await codeSandbox(t)
  const context = await sandbox.createCodeContext()
  const up = signal()
  const first = sandbox.runCode('print("up", flush=True)\nimport os, time\nwhile not os.path.exists("/tmp/go"): time.sleep(0.01)\nv = 1', { onStdout: up.fire })
  await up.promise
  const second = sandbox.runCode('v + 1')
  assert.equal((await sandbox.runCode('3', { context })).text, '3')
  await sandbox.files.write('/tmp/go', '')
  await first
  assert.equal((await second).text, '2')
})
