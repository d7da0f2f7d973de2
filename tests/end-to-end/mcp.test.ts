/** The MCP server in front of a real server, asked by the official client of the protocol. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'

const command = fileURLToPath(new URL('../../server/mcp/main.ts', import.meta.url))
const NOBODYS = '01990000-0000-7000-8000-00000000dead'

let server: TestServer
let folder: string
let keys: { user: string; viewer: string }
const clients: Client[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chancery-mcp-'))
  server = await startServer({ DATA_DIR: folder })
  const admin = await keyOf('root', 'ADMIN')
  keys = { user: await keyOf('uma', 'USER', admin), viewer: await keyOf('victor', 'VIEWER', admin) }
}, 60_000)
afterAll(async () => {
  for (const client of clients) await client.close()
  await server.stop()
  await rm(folder, { recursive: true })
})

async function keyOf(principal_id: string, role: string, by?: string): Promise<string> {
  const headers = by === undefined ? {} : { Authorization: `Bearer ${by}` }
  const { body } = await server.post('/keys', { principal_id, kind: 'person', roles: [role] }, headers)
  return body.key
}

async function connected(token?: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  const env = { PATH: process.env.PATH ?? '', CHANCERY_URL: server.url, ...(token ? { CHANCERY_TOKEN: token } : {}) }
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [command], env }))
  clients.push(client)
  return client
}

const call = async (client: Client, name: string, args: Record<string, unknown>) => {
  const result = await client.callTool({ name, arguments: args }, undefined, { timeout: 60_000 })
  const [{ text }] = result.content as [{ text: string }]
  return { text, isError: result.isError, context: result._meta?.audit_context }
}

test('§15: it introduces itself and lists its tools, none of them a shell (MC-5)', async () => {
  const client = await connected(keys.user)
  expect(client.getServerVersion()).toMatchObject({ name: 'chancery', version: expect.any(String) })
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toEqual([
    ...['get_evidence', 'list_artifacts', 'get_artifact_content', 'run_pytest', 'run_vitest'],
  ])
  for (const { inputSchema } of tools) expect(inputSchema.type).toBe('object')
})

describe('a run through the protocol', () => {
  test('really runs, and what it left can be read', { timeout: 60_000 }, async () => {
    const client = await connected(keys.user)
    const run = await call(client, 'run_vitest', { test_path: 'tests/unit/stock.test.js' })
    const judged = JSON.parse(run.text)
    expect(judged).toMatchObject({ status: 'JUDGED', decision: 'PASS', outcome: 'PASS' })
    expect(run.context).toMatchObject({ actor: 'uma', args_hash: expect.stringMatching(/^[0-9a-f]{16}$/) })

    const { run_id } = judged
    const evidence = JSON.parse((await call(client, 'get_evidence', { run_id })).text)
    expect(evidence).toMatchObject({ run_id, summary: { failures: 0 } })
    const { artifacts, count } = JSON.parse((await call(client, 'list_artifacts', { run_id })).text)
    expect(artifacts).toHaveLength(count)
    const { path } = artifacts.find((one: { path: string }) => one.path.endsWith('junit.xml'))
    expect((await call(client, 'get_artifact_content', { run_id, rel_path: path })).text).toContain('<testsuites')
    expect((await call(client, 'get_artifact_content', { run_id, rel_path: 'a.png' })).isError).toBe(true)
  })

  test('MC-3: what is wrong in the domain is a result, what is wrong with the call an error', async () => {
    const client = await connected(keys.user)
    expect(await call(client, 'get_evidence', { run_id: 'x' })).toMatchObject({
      isError: true,
      text: 'Invalid run_id format',
    })
    expect(await call(client, 'get_evidence', { run_id: NOBODYS })).toMatchObject({
      isError: true,
      text: 'Evidence not found',
    })
    expect(await call(client, 'dig', {})).toMatchObject({ isError: true })
    await expect(call(client, 'run_vitest', {})).rejects.toMatchObject({ code: -32602 })
  })
})

describe('MC-1: who may not is told why, in this order', () => {
  test('without a token, with a wrong one, and as a viewer', async () => {
    const path = { test_path: 'tests/unit/stock.test.js' }
    await expect(call(await connected(), 'run_vitest', path)).rejects.toMatchObject({ code: -32001 })
    await expect(call(await connected('chy_00000000_nothing'), 'run_vitest', path)).rejects.toMatchObject({
      code: -32001,
    })
    const viewer = await connected(keys.viewer)
    await expect(call(viewer, 'run_vitest', path)).rejects.toMatchObject({ code: -32003 })
    expect((await call(viewer, 'list_artifacts', { run_id: NOBODYS })).text).toBe('Run not found')
  })
})
