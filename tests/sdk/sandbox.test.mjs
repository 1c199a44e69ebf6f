// Life of a sandbox: create, list, connect, timeout, kill.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateLimitError, Sandbox, SandboxNotFoundError, TimeoutError } from 'e2b'
import { errorOf, needs, plainSandbox, signal, unique } from './lib/world.mjs'

test('a created sandbox runs, knows itself and can be looked up', needs(), async (t) => {
  const metadata = { run: unique(), 'a key': 'v&=2 ü' }
  const sandbox = await plainSandbox(t, { metadata, envs: { GREETING: 'hello there' } })
  assert.match(sandbox.sandboxId, /^i[a-z0-9]{20}$/)
  assert.equal(await sandbox.isRunning(), true)
  const info = await sandbox.getInfo()
  assert.equal(info.sandboxId, sandbox.sandboxId)
  assert.deepEqual(info.metadata, metadata)
  assert.equal(info.state, 'running')
  assert.ok(info.endAt > info.startedAt)
  const env = await sandbox.commands.run('echo "$GREETING $E2B_SANDBOX $E2B_SANDBOX_ID"')
  assert.equal(env.stdout, `hello there true ${sandbox.sandboxId}\n`)
})

test('the list is filtered by metadata and paged', needs(), async (t) => {
  const run = unique()
  const ids = new Set()
  for (let i = 0; i < 3; i++) {
    const sandbox = await plainSandbox(t, { metadata: { run, 'n ö&=': `${i}` } })
    ids.add(sandbox.sandboxId)
  }
  const pager = Sandbox.list({ query: { metadata: { run }, state: ['running'] }, limit: 2 })
  const first = await pager.nextItems()
  assert.equal(first.length, 2)
  assert.equal(pager.hasNext, true)
  const second = await pager.nextItems()
  assert.equal(second.length, 1)
  assert.equal(pager.hasNext, false)
  assert.deepEqual(new Set([...first, ...second].map((item) => item.sandboxId)), ids)
  // Newest first.
  assert.ok(first[0].startedAt >= first[1].startedAt)
  const one = await Sandbox.list({ query: { metadata: { run, 'n ö&=': '1' } } }).nextItems()
  assert.equal(one.length, 1)
  assert.deepEqual(one[0].metadata, { run, 'n ö&=': '1' })
})

test('connect by id reaches the same sandbox and keeps it alive', needs(), async (t) => {
  const sandbox = await plainSandbox(t, { timeoutMs: 30_000 })
  await sandbox.files.write('mark', 'here')
  const before = (await sandbox.getInfo()).endAt
  const again = await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 90_000 })
  assert.equal(await again.files.read('mark'), 'here')
  const extended = (await sandbox.getInfo()).endAt
  assert.ok(extended > before)
  // Connecting never shortens.
  await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 10_000 })
  assert.deepEqual((await sandbox.getInfo()).endAt, extended)
})

test('setTimeout moves the end both ways, and the end comes', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const before = (await sandbox.getInfo()).endAt
  await sandbox.setTimeout(300_000)
  const later = (await sandbox.getInfo()).endAt
  assert.ok(later > before)
  await sandbox.setTimeout(60_000)
  assert.ok((await sandbox.getInfo()).endAt < later)
  const output = signal()
  const command = await sandbox.commands.run('echo up; sleep 100', { background: true, onStdout: output.fire })
  await output.promise
  await sandbox.setTimeout(0)
  // The open stream tells of the end; nothing has to be polled for it.
  const error = await errorOf(command.wait())
  assert.ok(error instanceof TimeoutError, `${error.constructor.name}: ${error.message}`)
  assert.equal(await sandbox.isRunning(), false)
})

test('a killed sandbox is gone for everyone', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  assert.equal(await sandbox.kill(), true)
  assert.equal(await sandbox.isRunning(), false)
  assert.equal(await Sandbox.kill(sandbox.sandboxId), false)
  assert.ok((await errorOf(Sandbox.connect(sandbox.sandboxId))) instanceof SandboxNotFoundError)
  const listed = await Sandbox.list().nextItems()
  assert.ok(!listed.some((item) => item.sandboxId === sandbox.sandboxId))
  await assert.rejects(sandbox.commands.run('true'))
})

test('a stream that is open while its sandbox is killed ends with a TimeoutError', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const output = signal()
  const command = await sandbox.commands.run('echo up; sleep 100', { background: true, onStdout: output.fire })
  await output.promise
  await sandbox.kill()
  const error = await errorOf(command.wait())
  assert.ok(error instanceof TimeoutError, `${error.constructor.name}: ${error.message}`)
  assert.match(error.message, /killed or reached its end of life/)
})

test('bad requests are refused with what is wrong', needs(), async () => {
  const unknown = await errorOf(Sandbox.create(`no-such-${unique()}`))
  assert.match(unknown.message, /404.*not found/)
  const timeout = await errorOf(Sandbox.create({ timeoutMs: -1000 }))
  assert.match(timeout.message, /400.*Timeout must be greater than 0/)
  const huge = await errorOf(Sandbox.create({ timeoutMs: 1000 * 3600 * 24 * 365 }))
  assert.match(huge.message, /400.*Timeout cannot be greater than/)
  const key = await errorOf(Sandbox.create({ apiKey: `e2b_${'0'.repeat(40)}` }))
  assert.equal(key.name, 'AuthenticationError')
  assert.ok(!(key instanceof RateLimitError))
})

test('metrics are figures', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const [metrics] = await sandbox.getMetrics()
  assert.ok(metrics.memTotal > 0)
  assert.ok(metrics.diskTotal > 0)
  assert.ok(metrics.cpuCount >= 1)
  assert.ok(metrics.timestamp instanceof Date)
})
