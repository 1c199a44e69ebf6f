// Terminals.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorOf, needs, plainSandbox, signal } from './lib/world.mjs'

const bytes = (text) => new TextEncoder().encode(text)

/** Collects what a terminal shows and waits for parts of it. */
function screen() {
  const decoder = new TextDecoder()
  let text = ''
  let waiting = []
  return {
    onData: (data) => {
      text += decoder.decode(data, { stream: true })
      waiting = waiting.filter(({ part, fire }) => !(text.includes(part) && (fire(), true)))
    },
    shows: (part) => {
      if (text.includes(part)) return Promise.resolve()
      const { fire, promise } = signal()
      waiting.push({ part, fire })
      return promise.catch(() => assert.fail(`no ${part} in ${JSON.stringify(text)}`))
    },
  }
}

test('a terminal takes input, has a size, changes it and ends', needs('pty'), async (t) => {
  const sandbox = await plainSandbox(t)
  const { onData, shows } = screen()
  const pty = await sandbox.pty.create({ cols: 80, rows: 24, onData, envs: { MARK: 'm1' }, cwd: '/' })
  // The shell's answers are spelled so that the echo of the input is not taken for them.
  await sandbox.pty.sendInput(pty.pid, bytes('echo "[$MARK-$TERM-$(tput cols)]"\n'))
  await shows('[m1-xterm-256color-80]')
  await sandbox.pty.resize(pty.pid, { cols: 100, rows: 30 })
  await sandbox.pty.sendInput(pty.pid, bytes('echo "<$(tput cols)x$(tput lines)>"\n'))
  await shows('<100x30>')
  // The program says so itself that it has the terminal: Ctrl-C before that would be the shell's.
  await sandbox.pty.sendInput(pty.pid, bytes(`sh -c 'echo "[slee""ping]"; exec sleep 100'\n`))
  await shows('[sleeping]')
  await sandbox.pty.sendInput(pty.pid, Uint8Array.of(3))
  await sandbox.pty.sendInput(pty.pid, bytes('exit 0\n'))
  // Ctrl-C leaves 130 behind only where the shell passes it on.
  const result = await pty.wait()
  assert.equal(result.exitCode, 0)
})

test('a terminal is connected to again and killed', needs('pty'), async (t) => {
  const sandbox = await plainSandbox(t)
  const first = screen()
  const pty = await sandbox.pty.create({ cols: 80, rows: 24, onData: first.onData })
  await pty.disconnect()
  const second = screen()
  const again = await sandbox.pty.connect(pty.pid, { onData: second.onData })
  await sandbox.pty.sendInput(pty.pid, bytes('echo $((6*7))-here\n'))
  await second.shows('42-here')
  assert.equal(await sandbox.pty.kill(pty.pid), true)
  assert.match((await errorOf(again.wait())).message, /signal: killed/)
  assert.equal(await sandbox.pty.kill(pty.pid), false)
})
