// Files: both ways, listings, changes.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { FileNotFoundError, InvalidArgumentError } from 'e2b'
import { errorOf, needs, plainSandbox, signal } from './lib/world.mjs'

test('text and bytes come back as they were written', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const written = await sandbox.files.write('deep/er/note ü "q".txt', 'ü€😀\n')
  assert.equal(written.path, '/home/user/deep/er/note ü "q".txt')
  assert.equal(written.name, 'note ü "q".txt')
  assert.equal(written.type, 'file')
  assert.equal(await sandbox.files.read('deep/er/note ü "q".txt'), 'ü€😀\n')
  const all = Uint8Array.from({ length: 256 }, (_, i) => i)
  await sandbox.files.write('/tmp/all', all.buffer)
  assert.deepEqual(await sandbox.files.read('/tmp/all', { format: 'bytes' }), all)
  await sandbox.files.write('/tmp/empty', '')
  assert.equal(await sandbox.files.read('/tmp/empty'), '')
  await sandbox.files.write('/tmp/all', 'shorter')
  assert.equal(await sandbox.files.read('/tmp/all'), 'shorter')
})

test('several files in one request, compressed and with metadata', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const many = await sandbox.files.write([
    { path: 'many/one.txt', data: '1' },
    { path: '/tmp/two.txt', data: '2' },
  ])
  assert.deepEqual(many.map((item) => item.path), ['/home/user/many/one.txt', '/tmp/two.txt'])
  assert.equal(await sandbox.files.read('many/one.txt'), '1')
  assert.equal(await sandbox.files.read('/tmp/two.txt'), '2')
  const text = 'compress me '.repeat(10_000)
  await sandbox.files.write('zip.txt', text, { gzip: true, useOctetStream: true })
  assert.equal(await sandbox.files.read('zip.txt', { gzip: true }), text)
})

test('metadata is kept with a file', needs('xattr'), async (t) => {
  const sandbox = await plainSandbox(t)
  const written = await sandbox.files.write('meta.txt', 'x', { metadata: { author: 'me' } })
  assert.deepEqual(written.metadata, { author: 'me' })
  assert.deepEqual((await sandbox.files.getInfo('meta.txt')).metadata, { author: 'me' })
})

test('100 MB go up and come down unchanged', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const piece = Buffer.alloc(1 << 20)
  for (let i = 0; i < piece.length; i++) piece[i] = (i * 31 + (i >> 8)) & 255
  const pieces = 100
  const sent = createHash('sha256')
  let left = pieces
  const source = new ReadableStream({
    pull(controller) {
      if (left-- === 0) return controller.close()
      const bytes = Uint8Array.from(piece)
      bytes[0] = left
      sent.update(bytes)
      controller.enqueue(bytes)
    },
  })
  await sandbox.files.write('big', source, { useOctetStream: true })
  const hash = sent.digest('hex')
  const inside = await sandbox.commands.run('sha256sum big')
  assert.equal(inside.stdout.split(' ')[0], hash)
  const received = createHash('sha256')
  let length = 0
  for await (const chunk of await sandbox.files.read('big', { format: 'stream' })) {
    received.update(chunk)
    length += chunk.length
  }
  assert.equal(length, pieces * piece.length)
  assert.equal(received.digest('hex'), hash)
})

test('directories are made, listed, renamed and removed', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  assert.equal(await sandbox.files.makeDir('tree/a/b'), true)
  assert.equal(await sandbox.files.makeDir('tree/a/b'), false)
  await sandbox.files.write('tree/z.txt', 'z')
  await sandbox.files.write('tree/a/y.txt', 'yy')
  const flat = await sandbox.files.list('tree')
  assert.deepEqual(flat.map((entry) => [entry.name, entry.type]), [['a', 'dir'], ['z.txt', 'file']])
  const deep = await sandbox.files.list('tree', { depth: 3 })
  assert.deepEqual(deep.map((entry) => entry.path.replace('/home/user/', '')), ['tree/a', 'tree/a/b', 'tree/a/y.txt', 'tree/z.txt'])
  const renamed = await sandbox.files.rename('tree/z.txt', 'tree/new/z2.txt')
  assert.equal(renamed.path, '/home/user/tree/new/z2.txt')
  assert.equal(await sandbox.files.exists('tree/z.txt'), false)
  assert.equal(await sandbox.files.exists('tree/new/z2.txt'), true)
  await sandbox.files.remove('tree')
  assert.equal(await sandbox.files.exists('tree'), false)
})

test('entries say what they are', needs('users'), async (t) => {
  const sandbox = await plainSandbox(t)
  await sandbox.files.write('e.txt', 'four')
  await sandbox.commands.run('ln -s e.txt link; chmod 640 e.txt')
  const file = await sandbox.files.getInfo('e.txt')
  assert.equal(file.size, 4)
  assert.equal(file.mode, 0o640)
  assert.equal(file.permissions, '-rw-r-----')
  assert.equal(file.owner, 'user')
  assert.equal(file.group, 'user')
  assert.ok(file.modifiedTime instanceof Date)
  const link = await sandbox.files.getInfo('link')
  assert.equal(link.symlinkTarget, '/home/user/e.txt')
  assert.equal(link.type, 'file')
  const roots = await sandbox.files.write('mine.txt', 'x', { user: 'root' })
  assert.equal(roots.path, '/root/mine.txt')
  assert.equal((await sandbox.files.getInfo('/root/mine.txt')).owner, 'root')
})

test('what is not there, and what is no file, is told apart', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  assert.ok((await errorOf(sandbox.files.read('nothing'))) instanceof FileNotFoundError)
  assert.ok((await errorOf(sandbox.files.list('nothing'))) instanceof FileNotFoundError)
  assert.ok((await errorOf(sandbox.files.rename('nothing', 'x'))) instanceof FileNotFoundError)
  await sandbox.files.makeDir('dir')
  assert.ok((await errorOf(sandbox.files.read('dir'))) instanceof InvalidArgumentError)
  assert.ok((await errorOf(sandbox.files.write('dir', 'x'))) instanceof InvalidArgumentError)
  await sandbox.files.remove('nothing')
})

test('a watched directory tells of changes', needs('watch'), async (t) => {
  const sandbox = await plainSandbox(t)
  await sandbox.files.makeDir('watched/sub')
  const created = signal()
  const removed = signal()
  const nested = signal()
  const handle = await sandbox.files.watchDir('watched', (event) => {
    if (event.name === 'f.txt' && event.type === 'create') created.fire(event)
    if (event.name === 'f.txt' && event.type === 'remove') removed.fire(event)
    if (event.name === 'sub/n.txt' && event.type === 'write') nested.fire(event)
  }, { recursive: true })
  await sandbox.files.write('watched/f.txt', '1')
  await created.promise
  await sandbox.files.write('watched/sub/n.txt', '1')
  await nested.promise
  await sandbox.files.remove('watched/f.txt')
  await removed.promise
  await handle.stop()
  assert.ok((await errorOf(sandbox.files.watchDir('nothing', () => {}))) instanceof FileNotFoundError)
})
