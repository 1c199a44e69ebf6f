// Where the service is, and sandboxes that are gone when their test is over.
//   E2B_API_URL, E2B_SANDBOX_URL   the service, e.g. http://127.0.0.1:8001
//   E2B_API_KEY                    a key of it
//   MONKEY_SDK_SKIP                comma-separated abilities the service under test lacks, e.g. "pty,kernels"
import { randomBytes } from 'node:crypto'
import { Sandbox } from '@e2b/code-interpreter'
import { Sandbox as PlainSandbox } from 'e2b'

for (const name of ['E2B_API_URL', 'E2B_SANDBOX_URL', 'E2B_API_KEY'])
  if (!process.env[name]) throw new Error(`${name} is not set`)

const missing = new Set((process.env.MONKEY_SDK_SKIP ?? '').split(',').filter(Boolean))

/** Options of a test that needs an ability of the service. */
export const needs = (...abilities) => ({
  timeout: 120_000,
  skip: abilities.some((ability) => missing.has(ability)) && `needs ${abilities.join(', ')}`,
})

/** A sandbox of the code interpreter package, killed after the test. */
export async function codeSandbox(t, opts = {}) {
  const sandbox = await Sandbox.create({ timeoutMs: 120_000, ...opts })
  t.after(() => sandbox.kill())
  return sandbox
}

/** A sandbox of the plain package, killed after the test. */
export async function plainSandbox(t, opts = {}) {
  const sandbox = await PlainSandbox.create({ timeoutMs: 120_000, ...opts })
  t.after(() => sandbox.kill())
  return sandbox
}

/** A name that no other run uses. */
export const unique = () => randomBytes(8).toString('hex')

/** The error that a promise ends with. */
export async function errorOf(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('no error came')
}

/** A promise that a callback fulfils, with a deadline. */
export function signal(deadlineMs = 60_000) {
  let fire
  const promise = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the signal did not come')), deadlineMs)
    fire = (value) => {
      clearTimeout(timer)
      resolve(value)
    }
  })
  return { fire, promise }
}
