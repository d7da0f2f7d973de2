/** The server as a process: what it says, whom it refuses, and how it ends. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chancery-main-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

function begin(env: Record<string, string>): ChildProcessWithoutNullStreams {
  const { PATH = '' } = process.env
  return spawn(process.execPath, [main], { env: { PATH, PORT: '0', DATA_DIR: folder, ...env } })
}

async function ended(child: ChildProcessWithoutNullStreams): Promise<{ code: number; said: string }> {
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(child, 'exit')
  return { code, said }
}

/** Resolves with the banner, once the server listens. */
async function up(child: ChildProcessWithoutNullStreams): Promise<{ url: string; banner: string }> {
  let banner = ''
  for await (const chunk of child.stdout) {
    banner += chunk
    if (banner.includes('Access:')) break
  }
  return { banner, url: /http:\/\/\S+/.exec(banner)?.[0] ?? '' }
}

describe('serving', () => {
  test('says where it is and where the data is, serves, and stops when told to, ending streams', async () => {
    const child = begin({})
    const { url, banner } = await up(child)
    expect(banner).toContain(`Data: PGlite in ${folder}`)
    expect(banner).toContain('no keys yet')
    expect((await fetch(`${url}/api/v1/ready`)).status).toBe(200)
    const stream = await fetch(`${url}/api/v1/stream`)
    const end = ended(child)
    child.kill('SIGTERM')
    expect(await stream.text()).toContain(': open')
    const { code, said } = await end
    expect(code).toBe(0)
    expect(said).toContain('"msg":"stopping"')
  })

  test('a path with ".." in it is refused as written, before anything resolves it', async () => {
    const child = begin({})
    const { url } = await up(child)
    const { status, body } = await raw(url, '/api/v1/artifacts/01990000-0000-7000-8000-000000000001/../../x')
    expect(status).toBe(400)
    expect(body).toContain('traversal')
    const end = ended(child)
    child.kill('SIGINT')
    expect((await end).code).toBe(0)
  })
})

describe('refusing to start', () => {
  test.each([
    [{ PORT: 'eighty' }, 'PORT: a whole number from 0 to 65535'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    [{ DATABASE_URL: 'mysql://root:hush@db/x' }, 'DATABASE_URL: a postgres:// address'],
    [{ DATABASE_URL: 'postgres://root:hush@127.0.0.1:1/x' }, 'Postgres at 127.0.0.1:1/x cannot be used'],
    [{ HOST: '0.0.0.0' }, 'HOST is 0.0.0.0, where others can reach it'],
    [{ POLICY_PATH: '/nowhere/policy.yaml' }, 'POLICY_PATH: Policy file policy.yaml cannot be read'],
  ])('%j', async (env, told) => {
    const { code, said } = await ended(begin(env as Record<string, string>))
    expect(code).toBe(1)
    expect(said).toContain(told)
    expect(said).not.toContain('hush')
    expect(said).not.toMatch(/\n\s+at /)
  })

  test('a policy somebody asked for must be one', async () => {
    const POLICY_PATH = join(folder, 'ours.yaml')
    await writeFile(POLICY_PATH, 'high_risk_keyword: []\n')
    const { code, said } = await ended(begin({ POLICY_PATH }))
    expect([code, said.includes('high_risk_keyword: unknown key')]).toEqual([1, true])
  })

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { code, said } = await ended(begin({ PORT: String(port) }))
    other.close()
    expect([code, said.includes(`port ${port}: the port is in use`)]).toEqual([1, true])
  })
})

async function raw(url: string, path: string): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.end(`GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) text += chunk
  return { status: Number(text.split(' ')[1]), body: text }
}
