// Starts `stage-as` and pyotp for a test. The program is $STAGE_AS, the interpreter $PYTHON.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'

/** Starts a stage; it ends with the test, because its standard input does. */
export async function stage(t, ...args) {
  const child = spawn(process.env.STAGE_AS, ['--print-json', ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(async () => {
    child.stdin.end()
    if (child.exitCode === null) await once(child, 'exit')
  })
  const lines = createInterface({ input: child.stdout })
  const [line] = await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(([status]) => { throw new Error(`stage-as ended with ${status}`) }),
  ])
  return JSON.parse(line)
}

/** The code of an otpauth: URI, computed by pyotp, `steps` steps from now. */
export function code(otpauth, steps = 0) {
  const script = fileURLToPath(new URL('codes.py', import.meta.url))
  return execFileSync(process.env.PYTHON, [script], { input: JSON.stringify({ otpauth, steps }) + '\n', encoding: 'utf8' }).trim()
}

/** One request to the stage's control API. */
export async function control(started, method, path, body) {
  const response = await fetch(started.control + path, {
    method,
    headers: { authorization: `Bearer ${started.control_token}` },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  return response.json()
}
