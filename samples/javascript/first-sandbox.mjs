// The official packages, unchanged, against this service.
// Needs MONKEY_URL (default http://127.0.0.1:8001) and E2B_API_KEY (./monkey keys create --name sample).
import { Sandbox } from '@e2b/code-interpreter'

const url = process.env.MONKEY_URL ?? 'http://127.0.0.1:8001'
const sandbox = await Sandbox.create({ apiUrl: url, sandboxUrl: url, timeoutMs: 120_000 })
try {
  console.log(`sandbox ${sandbox.sandboxId}`)

  await sandbox.runCode('answer = 6 * 7')
  const execution = await sandbox.runCode('print("from python"); answer', {
    onStdout: (message) => process.stdout.write(message.line ?? String(message)),
  })
  console.log(`answer ${execution.text}`)

  const command = await sandbox.commands.run('echo "from $(whoami)"')
  console.log(command.stdout.trim())

  await sandbox.files.write('note.txt', 'from a file')
  console.log(await sandbox.files.read('note.txt'))
} finally {
  await sandbox.kill()
}
