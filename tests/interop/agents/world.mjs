// What stands around an agent: a model that asks for one shell command and writes down what it
// hears of it, and a Placet that is scripted. Both here, neither leaves this machine.

import { createServer as http } from 'node:http'
import { createServer as socket } from 'node:net'
import { rm } from 'node:fs/promises'

// The one command. Whether it ran shows in a file.
export const COMMAND = 'touch x-marker && echo made'

// A model that speaks OpenAI's Responses and Chat, and Gemini's: first the command, then a word.
export async function model() {
  const heard = []
  const server = http((request, response) => {
    let raw = ''
    request.on('data', (chunk) => { raw += chunk })
    request.on('end', () => {
      if (request.method !== 'POST') return response.end('{"data":[],"models":[]}')
      const body = JSON.parse(raw)
      const talk = request.url.includes('/responses') ? responses
        : request.url.includes('/chat/completions') ? chat : gemini
      const { events, result } = talk(body)
      if (result !== undefined) heard.push(JSON.stringify(result))
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const event of events) {
        if (event.type) response.write(`event: ${event.type}\n`)
        response.write(`data: ${event === '[DONE]' ? event : JSON.stringify(event)}\n\n`)
      }
      response.end()
    })
  })
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  return { port: server.address().port, heard, close: () => server.close() }
}

function responses(body) {
  const result = body.input?.find((item) => item.type === 'function_call_output')
  const item = result === undefined
    ? { type: 'function_call', id: 'fc_0', call_id: 'call_0', name: 'exec_command', status: 'completed', arguments: JSON.stringify({ cmd: COMMAND }) }
    : { type: 'message', id: 'msg_0', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'done', annotations: [] }] }
  const usage = { input_tokens: 1, input_tokens_details: null, output_tokens: 1, output_tokens_details: null, total_tokens: 2 }
  return {
    result,
    events: [
      { type: 'response.created', response: { id: 'resp_0' } },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: { id: 'resp_0', object: 'response', status: 'completed', output: [item], usage } },
    ],
  }
}

function chat(body) {
  const result = body.messages.find((message) => message.role === 'tool')
  const asks = body.tools !== undefined && result === undefined
  const delta = asks
    ? { role: 'assistant', tool_calls: [{ index: 0, id: 'call_0', type: 'function', function: { name: 'bash', arguments: JSON.stringify({ command: COMMAND, description: 'create marker' }) } }] }
    : { role: 'assistant', content: 'done' }
  const chunk = (of) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'fake', choices: [{ index: 0, finish_reason: null, ...of }] })
  const last = chunk({ delta: {}, finish_reason: asks ? 'tool_calls' : 'stop' })
  last.usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
  return { result, events: [chunk({ delta }), last, '[DONE]'] }
}

function gemini(body) {
  const result = body.contents?.flatMap((content) => content.parts).find((part) => part.functionResponse)
  const can = JSON.stringify(body.tools ?? []).includes('run_shell_command')
  const part = can && result === undefined
    ? { functionCall: { name: 'run_shell_command', args: { command: COMMAND, description: 'create marker' } } }
    : { text: 'done' }
  const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 }
  return { result, events: [{ candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }], usageMetadata }] }
}

// A Placet that answers every question with one outcome; `null` hangs up in the middle of it, and a
// function is called instead of an answer.
export async function placet(path, outcome) {
  const asked = []
  const server = socket((peer) => {
    let rest = ''
    peer.on('error', () => {})
    peer.on('data', (chunk) => {
      rest += chunk
      for (let end; (end = rest.indexOf('\n')) >= 0; rest = rest.slice(end + 1)) {
        const { id, method, params } = JSON.parse(rest.slice(0, end))
        const say = (result) => peer.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`)
        if (method === 'placet/hello') {
          say({
            version: '0', app: { name: 'placet', version: '0.1.0' },
            capabilities: { methods: [], notifications: [], intake: [], delivery: [], modes: [] },
            peer: { uid: 1000, pid: 1, program: null, chain: [], place: 'session' }, paired: null,
          })
          continue
        }
        asked.push(params)
        if (outcome === null) peer.destroy()
        else if (typeof outcome === 'function') outcome()
        else say({ request_id: 'req_0', outcome, reason: { code: 'x', sentence: 'A sentence of Placet.' }, receipt: 'sha256:00', binding_code: 'TRVN-6KLD', ...(outcome === 'declined' && { note: 'use staging instead' }) })
      }
    })
  })
  await new Promise((ready) => server.listen(path, ready))
  return { asked, close: async () => { server.close(); await rm(path, { force: true }) } }
}
