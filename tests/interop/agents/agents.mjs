// Real coding agents with the settings that `placet init` writes: allow lets the command run, and
// everything else blocks it. What counts is a file that the command makes, and what the model hears.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { COMMAND, model, placet } from './world.mjs'

const { PLACET, AGENTS } = process.env
// Codex does not run with a home below the system's folder for temporary files.
const ROOM = process.env.ROOM ?? process.env.HOME

const codex = (port) => `
model = "fake-model"
model_provider = "fake"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.fake]
name = "fake"
base_url = "http://127.0.0.1:${port}/v1"
wire_api = "responses"
env_key = "FAKE_KEY"
request_max_retries = 0
stream_max_retries = 0
`
const gemini = { security: { auth: { selectedType: 'gemini-api-key' } } }
const opencode = (port) => ({
  autoupdate: false, share: 'disabled', model: 'fake/fake', small_model: 'fake/fake',
  provider: { fake: { npm: '@ai-sdk/openai-compatible', name: 'fake', options: { baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'x' }, models: { fake: { name: 'fake' } } } },
})

const agents = {
  codex: {
    tool: 'Bash',
    settle: (home, port) => file(join(home, '.codex/config.toml'), codex(port)),
    // The person's own trust in a hook cannot be scripted: this flag stands for it.
    args: ['exec', '--json', '-s', 'danger-full-access', '--skip-git-repo-check', '--dangerously-bypass-hook-trust', 'do it'],
    env: () => ({ FAKE_KEY: 'x' }),
  },
  gemini: {
    tool: 'run_shell_command',
    settle: (home) => file(join(home, '.gemini/settings.json'), JSON.stringify(gemini)),
    args: ['-m', 'gemini-2.5-flash', '-p', 'do it', '--approval-mode', 'yolo'],
    env: (port) => ({ GEMINI_API_KEY: 'fake', GOOGLE_GEMINI_BASE_URL: `http://127.0.0.1:${port}`, GEMINI_TELEMETRY_ENABLED: 'false', GEMINI_CLI_TRUST_WORKSPACE: 'true' }),
  },
  opencode: {
    tool: 'bash',
    settle: (home, port) => file(join(home, 'project/opencode.json'), JSON.stringify(opencode(port))),
    args: ['run', 'do it'],
    env: () => ({ OPENCODE_DISABLE_MODELS_FETCH: '1' }),
  },
}

async function file(path, text) {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
}

// The hook that asks at this socket, as an agent's other tool might end it.
function killHook(sock) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      if (words[0] === PLACET && words[1] === 'hook' && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(sock)) process.kill(Number(pid), 'SIGKILL')
    } catch {} // gone meanwhile, or not ours
  }
}

// The settings as if Placet had been taken away since.
async function gone(home) {
  for (const path of ['.codex/hooks.json', '.gemini/settings.json', '.config/opencode/plugin/placet.js']) {
    const at = join(home, path)
    if (existsSync(at)) await writeFile(at, readFileSync(at, 'utf8').replaceAll(PLACET, '/nowhere/placet'))
  }
}

async function run(name, outcome) {
  const agent = agents[name]
  const home = await mkdtemp(join(ROOM, 'placet-agents-'))
  const project = join(home, 'project')
  await mkdir(project)
  const llm = await model()
  const sock = join(home, 'agent.sock')
  const answer = { killed: null, 'hook killed': () => killHook(sock) }
  const daemon = ['down', 'program gone'].includes(outcome) ? null : await placet(sock, outcome in answer ? answer[outcome] : outcome)
  const env = { PATH: process.env.PATH, HOME: home, PLACET_SOCK: sock, ...agent.env(llm.port) }
  try {
    await agent.settle(home, llm.port)
    execFileSync(PLACET, ['init', name, '--yes', '--quiet'], { env, stdio: 'ignore' })
    if (outcome === 'program gone') await gone(home)
    const child = spawn(join(AGENTS, 'node_modules/.bin', name), agent.args, { cwd: project, env, timeout: 110_000, stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    child.stdout.on('data', (chunk) => { said += chunk })
    child.stderr.on('data', (chunk) => { said += chunk })
    await new Promise((ended) => child.on('close', ended))
    return { ran: existsSync(join(project, 'x-marker')), asked: daemon?.asked ?? [], heard: llm.heard.join(' '), said, project }
  } finally {
    llm.close()
    await daemon?.close()
    await rm(home, { recursive: true, force: true, maxRetries: 5 })
  }
}

for (const name of Object.keys(agents)) {
  const skip = !existsSync(join(AGENTS ?? '', 'node_modules/.bin', name)) && `${name} is not installed`
  test(`${name}: a yes lets the command run, and what was asked is the command`, { skip, timeout: 120_000 }, async () => {
    const seen = await run(name, 'approved')
    assert.equal(seen.ran, true, seen.said)
    assert.match(seen.heard, /made/)
    assert.equal(seen.asked.length, 1)
    assert.deepEqual(seen.asked[0].arguments, { command: COMMAND })
    assert.equal(seen.asked[0].tool, agents[name].tool)
    assert.equal(seen.asked[0].working_directory, seen.project)
  })
  test(`${name}: a no blocks it, and the model hears the note and nothing else`, { skip, timeout: 120_000 }, async () => {
    const seen = await run(name, 'declined')
    assert.equal(seen.ran, false)
    assert.match(seen.heard, /A sentence of Placet\. The person says: use staging instead/, seen.said)
    assert.doesNotMatch(seen.heard, /req_0|sha256|TRVN/)
  })
  test(`${name}: a hook that is killed blocks it`, { skip, timeout: 120_000 }, async () => {
    const seen = await run(name, 'hook killed')
    assert.equal(seen.asked.length, 1)
    assert.equal(seen.ran, false, seen.said)
  })
  test(`${name}: a hook whose program is gone blocks it`, { skip, timeout: 120_000 }, async () => {
    const seen = await run(name, 'program gone')
    assert.equal(seen.ran, false, seen.said)
  })
  for (const [outcome, sentence] of [['down', /Placet is not running/], ['killed', /closed the connection/], ['expired', /A sentence of Placet/]]) {
    test(`${name}: ${outcome} blocks it`, { skip, timeout: 120_000 }, async () => {
      const seen = await run(name, outcome)
      assert.equal(seen.ran, false)
      assert.match(seen.heard, sentence, seen.said)
    })
  }
}
