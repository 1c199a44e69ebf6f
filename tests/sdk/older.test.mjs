// The first version of the API, which older packages (this is e2b 2.45.0) still speak.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Sandbox, SandboxNotFoundError } from 'e2b-older'
import { errorOf, needs, unique } from './lib/world.mjs'

test('an older package creates, connects, runs, writes and kills', needs(), async (t) => {
  const run = unique()
  const sandbox = await Sandbox.create({ timeoutMs: 60_000, metadata: { run }, envs: { A: 'b' } })
  t.after(() => sandbox.kill())
  assert.equal((await sandbox.commands.run('echo $A; whoami')).stdout, 'b\nuser\n')
  await sandbox.files.write('note', 'kept')
  const again = await Sandbox.connect(sandbox.sandboxId, { timeoutMs: 120_000 })
  assert.equal(await again.files.read('note'), 'kept')
  assert.ok((await again.getInfo()).endAt > new Date(Date.now() + 90_000))
  const listed = await Sandbox.list({ query: { metadata: { run } } }).nextItems()
  assert.deepEqual(listed.map((item) => item.sandboxId), [sandbox.sandboxId])
  assert.equal(await sandbox.kill(), true)
  assert.equal(await sandbox.isRunning(), false)
  assert.ok((await errorOf(Sandbox.connect(sandbox.sandboxId))) instanceof SandboxNotFoundError)
})

test('the first list and the defaults of the first create', needs(), async () => {
  const base = process.env.E2B_API_URL
  const headers = { 'X-API-KEY': process.env.E2B_API_KEY, 'Content-Type': 'application/json' }
  const run = unique()
  const created = await fetch(`${base}/sandboxes`, {
    method: 'POST', headers, body: JSON.stringify({ templateID: 'base', metadata: { run } }),
  })
  assert.equal(created.status, 201, await created.clone().text())
  const { sandboxID, envdAccessToken } = await created.json()
  // Open, unless it is asked to be secured.
  assert.ok(!envdAccessToken)
  const filter = encodeURIComponent(`run=${run}`)
  const list = await (await fetch(`${base}/sandboxes?metadata=${filter}`, { headers })).json()
  assert.deepEqual(list.map((item) => item.sandboxID), [sandboxID])
  const life = (new Date(list[0].endAt) - new Date(list[0].startedAt)) / 1000
  assert.ok(life > 14 && life < 16, `${life} s`)
  assert.equal((await fetch(`${base}/sandboxes/${sandboxID}`, { method: 'DELETE', headers })).status, 204)
  assert.equal((await fetch(`${base}/sandboxes/${sandboxID}`, { method: 'DELETE', headers })).status, 404)
})
