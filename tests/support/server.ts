/** A real server process on a port of its own, as `npm start` starts it, and the calls a client makes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { freePort } from './postgres.ts'

const MAIN = new URL('../../server/main.ts', import.meta.url).pathname

const started = new Set<ChildProcess>()
// A test that fails must not leave its server behind.
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL')
})

export interface TestServer {
  readonly url: string
  readonly process: ChildProcess
  readonly pid: number
  get(path: string): Promise<Answer>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** SIGKILL: what a power cut does to a process. */
  kill(): Promise<void>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly body: any
}

export async function startServer(environment: Record<string, string>): Promise<TestServer> {
  const port = environment.PORT ?? String(await freePort())
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'warn', ...environment, PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.add(child)
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve)).finally(() =>
    started.delete(child),
  )
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints += chunk
  })
  const url = `http://127.0.0.1:${port}`
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes(url)) resolve()
    })
    exited.then((code) => reject(new Error(`The server ended with ${code}: ${complaints}`)))
  })
  const call = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(`${url}/api/v1${path}`, init)
    const text = await response.text()
    const json = response.headers.get('content-type')?.includes('json')
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text }
  }
  return {
    url,
    process: child,
    pid: child.pid as number,
    get: (path) => call(path, {}),
    post: (path, body = {}, headers = {}) =>
      call(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}
