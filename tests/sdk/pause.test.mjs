// Pausing and resuming: everything stays, traffic finds nothing meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sandbox as CodeSandbox } from '@e2b/code-interpreter'
import { Sandbox, SandboxNotFoundError } from 'e2b'
import { codeSandbox, errorOf, needs, plainSandbox, signal, unique } from './lib/world.mjs'

const paused = async (sandboxId) => {
  for (let i = 0; i < 600; i++) {
    const info = await Sandbox.getInfo(sandboxId)
    if (info.state === 'paused') return info
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('it is not paused')
}

test('a paused sandbox keeps kernels, processes and files until somebody connects', needs(), async (t) => {
  const run = unique()
  const sandbox = await codeSandbox(t, { metadata: { run }, envs: { KEPT: 'env' } })
  await sandbox.runCode('x = 41')
  await sandbox.files.write('kept.txt', 'file')
  const output = signal()
  const command = await sandbox.commands.run('echo up; while true; do sleep 0.1; done', { background: true, onStdout: output.fire })
  await output.promise
  const lost = errorOf(command.wait())

  assert.equal(await sandbox.pause(), true)
  assert.equal(await sandbox.pause(), false)
  await lost
  assert.equal(await sandbox.isRunning(), false)
  await assert.rejects(sandbox.files.read('kept.txt'))
  const info = await Sandbox.getInfo(sandbox.sandboxId)
  assert.equal(info.state, 'paused')
  const listed = await Sandbox.list({ query: { metadata: { run }, state: ['paused'] } }).nextItems()
  assert.deepEqual(listed.map((item) => item.sandboxId), [sandbox.sandboxId])
  assert.deepEqual(await Sandbox.list({ query: { metadata: { run }, state: ['running'] } }).nextItems(), [])

  const again = await CodeSandbox.connect(sandbox.sandboxId, { timeoutMs: 60_000 })
  assert.equal(await again.isRunning(), true)
  assert.equal((await again.runCode('x + 1')).text, '42')
  assert.equal(await again.files.read('kept.txt'), 'file')
  assert.equal((await again.commands.run(`kill -0 ${command.pid}; echo $? $KEPT`)).stdout, '0 env\n')
  const followed = await again.commands.connect(command.pid)
  assert.equal(await followed.kill(), true)
  // The first object knows the sandbox by the same token.
  assert.equal((await sandbox.runCode('x')).text, '41')
})

test('a cell that runs when its sandbox is paused goes on afterwards', needs(), async (t) => {
  const sandbox = await codeSandbox(t)
  const begun = signal()
  const cell = errorOf(sandbox.runCode('print("begun", flush=True)\nfor i in range(20):\n    import time; time.sleep(0.1)\ndone = i', { onStdout: begun.fire }))
  await begun.promise
  await sandbox.pause()
  await cell
  await sandbox.connect()
  // It has its turn after that cell, which nobody has interrupted.
  assert.equal((await sandbox.runCode('done')).text, '19')
})

test('a terminal that is open stays so across a pause', needs('pty'), async (t) => {
  const sandbox = await plainSandbox(t)
  let text = ''
  const terminal = await sandbox.pty.create({ cols: 80, rows: 24, onData: () => {} })
  errorOf(terminal.wait()).catch(() => {})
  await sandbox.pty.sendInput(terminal.pid, new TextEncoder().encode('marker=kept\n'))
  await sandbox.pause()
  await sandbox.connect()
  const seen = signal()
  const decoder = new TextDecoder()
  const followed = await sandbox.pty.connect(terminal.pid, {
    onData: (data) => {
      text += decoder.decode(data, { stream: true })
      if (text.includes('<kept>')) seen.fire()
    },
  })
  await sandbox.pty.sendInput(terminal.pid, new TextEncoder().encode('echo "<$marker>"\n'))
  await seen.promise
  await followed.kill()
})

test('a sandbox that pauses at its timeout is there afterwards, and can be killed', needs(), async (t) => {
  const sandbox = await plainSandbox(t, { timeoutMs: 60_000, lifecycle: { onTimeout: 'pause' } })
  await sandbox.files.write('kept.txt', 'file')
  await sandbox.setTimeout(1_000)
  const info = await paused(sandbox.sandboxId)
  assert.equal(info.lifecycle?.onTimeout, 'pause')
  assert.equal(await sandbox.isRunning(), false)
  const again = await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 60_000 })
  assert.equal(await again.files.read('kept.txt'), 'file')
  await again.pause()
  assert.equal(await Sandbox.kill(sandbox.sandboxId), true)
  assert.ok((await errorOf(Sandbox.connect(sandbox.sandboxId))) instanceof SandboxNotFoundError)
})

test('traffic resumes a sandbox that wants it', needs(), async (t) => {
  const sandbox = await plainSandbox(t, { lifecycle: { onTimeout: 'pause', autoResume: true } })
  await sandbox.files.write('kept.txt', 'file')
  await sandbox.pause()
  assert.equal(await sandbox.files.read('kept.txt'), 'file')
  assert.equal((await sandbox.getInfo()).state, 'running')
})

test('pausing what is not there, and without memory, is refused', needs(), async (t) => {
  await assert.rejects(Sandbox.pause(`i${'0'.repeat(20)}`))
  const sandbox = await plainSandbox(t)
  assert.match((await errorOf(sandbox.pause({ keepMemory: false }))).message, /501.*without its memory/)
  assert.equal(await sandbox.isRunning(), true)
})
