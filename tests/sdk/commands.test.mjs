// Processes: output, input, background, users, ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommandExitError, InvalidArgumentError, NotFoundError, TimeoutError } from 'e2b'
import { errorOf, needs, plainSandbox, signal } from './lib/world.mjs'

test('stdout and stderr come apart, whole, and as they are written', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  let out = ''
  let err = ''
  const result = await sandbox.commands.run('echo out; echo err >&2; printf "ü€😀"', {
    onStdout: (data) => { out += data },
    onStderr: (data) => { err += data },
  })
  assert.equal(result.exitCode, 0)
  assert.equal(result.stdout, 'out\nü€😀')
  assert.equal(result.stderr, 'err\n')
  assert.equal(out, result.stdout)
  assert.equal(err, result.stderr)
})

test('a command that fails throws with its code and output', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const error = await errorOf(sandbox.commands.run('echo before; exit 3'))
  assert.ok(error instanceof CommandExitError)
  assert.equal(error.exitCode, 3)
  assert.equal(error.stdout, 'before\n')
  assert.equal(error.message, 'exit status 3')
})

test('environment, directory and user are the ones asked for', needs('users'), async (t) => {
  const sandbox = await plainSandbox(t)
  const plain = await sandbox.commands.run('echo "$A:$PWD:$HOME:$(whoami)"', { envs: { A: 'x y' }, cwd: '/tmp' })
  assert.equal(plain.stdout, 'x y:/tmp:/home/user:user\n')
  const root = await sandbox.commands.run('whoami; echo $HOME', { user: 'root' })
  assert.equal(root.stdout, 'root\n/root\n')
  const home = await sandbox.commands.run('pwd')
  assert.equal(home.stdout, '/home/user\n')
  const missing = await errorOf(sandbox.commands.run('true', { cwd: '/no/such' }))
  assert.ok(missing instanceof InvalidArgumentError, missing.message)
  assert.match(missing.message, /cwd '\/no\/such' does not exist/)
  const nobody = await errorOf(sandbox.commands.run('true', { user: 'no-such-user' }))
  assert.equal(nobody.name, 'AuthenticationError')
})

test('stdin is sent in pieces and closed', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const echoed = signal()
  const command = await sandbox.commands.run('cat; echo end', {
    background: true, stdin: true, onStdout: (data) => data.includes('first') && echoed.fire(),
  })
  await sandbox.commands.sendStdin(command.pid, 'first\n')
  await echoed.promise
  await sandbox.commands.sendStdin(command.pid, new TextEncoder().encode('second ü\n'))
  await sandbox.commands.closeStdin(command.pid)
  const result = await command.wait()
  assert.equal(result.stdout, 'first\nsecond ü\nend\n')
})

test('stdin is empty unless asked for', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const result = await sandbox.commands.run('cat; echo end')
  assert.equal(result.stdout, 'end\n')
  const command = await sandbox.commands.run('sleep 60', { background: true })
  await assert.rejects(sandbox.commands.sendStdin(command.pid, 'x'), /stdin not enabled or closed/)
  await command.kill()
})

test('a background command is listed, outlives its client, is connected to and killed', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const command = await sandbox.commands.run('trap "" HUP; cat; sleep 60', { background: true, stdin: true })
  const listed = (await sandbox.commands.list()).find((item) => item.pid === command.pid)
  assert.equal(listed.cmd, '/bin/bash')
  assert.deepEqual(listed.args.slice(0, 2), ['-l', '-c'])
  await command.disconnect()
  const output = signal()
  const again = await sandbox.commands.connect(command.pid, { onStdout: output.fire })
  await sandbox.commands.sendStdin(command.pid, 'still there\n')
  assert.equal(await output.promise, 'still there\n')
  assert.equal(await sandbox.commands.kill(command.pid), true)
  const error = await errorOf(again.wait())
  assert.ok(error instanceof CommandExitError)
  assert.equal(error.message, 'signal: killed')
  const gone = await sandbox.commands.run(`kill -0 ${command.pid} 2>/dev/null && echo alive || echo gone`)
  assert.equal(gone.stdout, 'gone\n')
  assert.equal(await sandbox.commands.kill(command.pid), false)
  assert.ok((await errorOf(sandbox.commands.connect(999_999))) instanceof NotFoundError)
})

test('the pid is the one seen inside', needs('users'), async (t) => {
  const sandbox = await plainSandbox(t)
  const command = await sandbox.commands.run('sleep 60', { background: true })
  const seen = await sandbox.commands.run(`kill -0 ${command.pid} && echo seen`)
  assert.equal(seen.stdout, 'seen\n')
  await command.kill()
})

test('a command over its time is killed', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const error = await errorOf(sandbox.commands.run('sleep 61.5', { timeoutMs: 1000 }))
  assert.ok(error instanceof TimeoutError, error.message)
  const left = await sandbox.commands.run('pgrep -f "^sleep 61[.]5" || echo none')
  assert.equal(left.stdout, 'none\n')
})

test('much output arrives whole', needs(), async (t) => {
  const sandbox = await plainSandbox(t)
  const result = await sandbox.commands.run('head -c 20000000 /dev/zero | tr "\\0" x; echo; head -c 1000000 /dev/zero | tr "\\0" y >&2')
  assert.equal(result.stdout.length, 20_000_001)
  assert.ok(/^x+\n$/.test(result.stdout))
  assert.equal(result.stderr.length, 1_000_000)
})
