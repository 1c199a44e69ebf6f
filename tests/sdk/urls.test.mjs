// What is reached without the package: signed URLs, and servers inside.
import assert from 'node:assert/strict'
import http from 'node:http'
import { test } from 'node:test'
import { needs, plainSandbox, signal } from './lib/world.mjs'

const base = process.env.E2B_SANDBOX_URL

test('a signed URL downloads one file, for as long as it says', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  await sandbox.files.write('down load.txt', 'signed ü')
  const url = await sandbox.downloadUrl('down load.txt', { useSignatureExpiration: 600 })
  const answer = await fetch(url)
  assert.equal(answer.status, 200, await answer.clone().text())
  assert.equal(await answer.text(), 'signed ü')
  const other = new URL(url)
  other.searchParams.set('path', 'other.txt')
  assert.equal((await fetch(other)).status, 401)
  // A negative life makes a URL that is over already.
  const over = await sandbox.downloadUrl('down load.txt', { useSignatureExpiration: -60 })
  const late = await fetch(over)
  assert.equal(late.status, 401)
  assert.match((await late.json()).message, /expired/)
})

test('a signed URL uploads one file', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const url = await sandbox.uploadUrl('up.txt', { useSignatureExpiration: 600 })
  const form = new FormData()
  form.append('file', new Blob(['came by form']), 'ignored.txt')
  const answer = await fetch(url, { method: 'POST', body: form })
  assert.equal(answer.status, 200, await answer.clone().text())
  assert.deepEqual(await answer.json(), [{ name: 'up.txt', path: '/home/user/up.txt', type: 'file' }])
  assert.equal(await sandbox.files.read('up.txt'), 'came by form')
})

test('without the token nothing is read', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  await sandbox.files.write('secret', 'x')
  const headers = { 'E2b-Sandbox-Id': sandbox.sandboxId, 'E2b-Sandbox-Port': '49983' }
  for (const path of ['/files?path=secret', '/envs', '/metrics'])
    assert.equal((await fetch(base + path, { headers })).status, 401, path)
  const wrong = await fetch(`${base}/files?path=secret`, { headers: { ...headers, 'X-Access-Token': 'f'.repeat(64) } })
  assert.equal(wrong.status, 401)
  assert.equal((await fetch(`${base}/health`, { headers })).status, 204)
})

test('a server inside is reached through its port, and a closed port says so', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const port = 20_000 + Math.floor(Math.random() * 10_000)
  const up = signal()
  await sandbox.files.write('www/index.html', '<p>from inside</p>')
  const server = await sandbox.commands.run(`cd www && python3 -u -m http.server ${port} 2>&1`, {
    background: true, onStdout: (data) => data.includes('Serving') && up.fire(),
  })
  await up.promise
  const headers = { 'E2b-Sandbox-Id': sandbox.sandboxId, 'E2b-Sandbox-Port': `${port}` }
  const page = await fetch(`${base}/index.html`, { headers })
  assert.equal(page.status, 200, await page.clone().text())
  assert.equal(await page.text(), '<p>from inside</p>')
  assert.equal((await fetch(`${base}/nothing`, { headers })).status, 404)
  await server.kill()
  const closed = await fetch(`${base}/`, { headers: { ...headers, 'E2b-Sandbox-Port': `${port + 1}` } })
  assert.equal(closed.status, 502)
  assert.deepEqual(await closed.json(), {
    sandboxId: sandbox.sandboxId, message: 'The sandbox is running but port is not open', port: port + 1, code: 502,
  })
  const unknown = await fetch(`${base}/`, { headers: { ...headers, 'E2b-Sandbox-Id': 'i00000000000000000000' } })
  assert.equal(unknown.status, 502)
  assert.equal((await unknown.json()).message, 'The sandbox was not found')
})

/** What a host name leads to: fetch does not let a program choose it. */
function byHost(host, path, headers = {}) {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    http.get({ hostname, port, path, headers: { ...headers, Host: host } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (data) => { text += data }).on('end', () => resolve({ status: answer.statusCode, text }))
    }).on('error', reject)
  })
}

test('a host name leads to a port of a sandbox, and wins over the headers', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const other = await plainSandbox(t)
  await sandbox.files.write('who', 'first')
  await other.files.write('who', 'second')
  const url = new URL(await sandbox.downloadUrl('who', { useSignatureExpiration: 600 }))
  const path = url.pathname + url.search
  const host = `${sandbox.getHost(49983)}`
  assert.match(host, new RegExp(`^49983-${sandbox.sandboxId}[.]`))
  assert.deepEqual(await byHost(host, path), { status: 200, text: 'first' })
  const both = { 'E2b-Sandbox-Id': other.sandboxId, 'E2b-Sandbox-Port': '49983' }
  assert.deepEqual(await byHost(host, path, both), { status: 200, text: 'first' })
  assert.equal((await byHost(`49983-${other.sandboxId}.sandbox.test`, path)).status, 401)
  assert.deepEqual(await byHost(`49999-${sandbox.sandboxId}.sandbox.test:8443`, '/health'), { status: 200, text: '"OK"' })
  assert.equal((await byHost('49983-i00000000000000000000.sandbox.test', '/health')).status, 502)
  assert.equal((await byHost(`99999-${sandbox.sandboxId}.sandbox.test`, '/health')).status, 400)
})
