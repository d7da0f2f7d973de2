/**
 * `npm run -s mcp`: an MCP server over stdio, one JSON-RPC message per line, in front of a running Chancery. Callers
 * bring their key in `params.auth.token`, or the client sets CHANCERY_TOKEN. Nothing but answers goes to stdout.
 */
import { createInterface } from 'node:readline'
import manifest from '../../package.json' with { type: 'json' }
import { Session } from './session.ts'

const session = new Session({
  version: manifest.version,
  url: process.env.CHANCERY_URL ?? 'http://127.0.0.1:3000',
  token: process.env.CHANCERY_TOKEN,
})

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue
  // Calls may overlap: a long run must not keep others waiting.
  void session.answer(line).then((answer) => {
    if (answer !== undefined) process.stdout.write(`${JSON.stringify(answer)}\n`)
  })
}
