// Placet asks you before OpenCode uses a tool that acts. Written by `placet init opencode`;
// `placet init opencode --undo` takes it away.
//
// Whatever is not a yes of a person throws, and a hook that throws blocks the tool.

import { spawn } from "node:child_process"

const PLACET = @PROGRAM@
const WITHIN = @WITHIN@ // seconds
// These only look. Any other tool, also one that is new, is asked for.
const LOOKS = new Set(["read", "glob", "grep", "list", "ls", "lsp", "todoread", "todowrite", "question", "skill"])

function ask(question) {
  return new Promise((resolve, reject) => {
    const hook = spawn(PLACET, ["hook", "opencode", "--within", String(WITHIN)], { stdio: ["pipe", "pipe", "pipe"] })
    const stop = setTimeout(() => {
      hook.kill("SIGKILL")
      reject(new Error("Placet's hook did not end in time. That is a no."))
    }, (WITHIN + 15) * 1000)
    let out = ""
    hook.stdout.on("data", (chunk) => { out += chunk })
    hook.stderr.resume()
    hook.stdin.on("error", () => {})
    hook.on("error", (error) => {
      clearTimeout(stop)
      reject(new Error(`Placet's hook cannot be started (${error.code}). That is a no.`))
    })
    hook.on("close", (status) => {
      clearTimeout(stop)
      let said = {}
      try { said = JSON.parse(out) } catch {}
      if (status === 0 && said.decision === "allow") return resolve()
      reject(new Error(said.reason || "Placet's hook failed. That is a no."))
    })
    hook.stdin.end(JSON.stringify(question))
  })
}

export const Placet = async ({ directory }) => ({
  "tool.execute.before": async (input, output) => {
    if (LOOKS.has(input.tool)) return
    await ask({ event: "tool.execute.before", tool: input.tool, args: output.args ?? {}, cwd: directory })
  },
})
