/** Servers that are killed and started again on the same ports and the same data. */
import { startServer, type TestServer } from '../support/server.ts'

const HANGS_AFTER_MS = 5_000

export interface Fleet {
  readonly urls: readonly string[]
  readonly kills: number
  /** kill -9 of one, then a new one in its place; `between` happens while it is gone. */
  kill(which: number, between?: () => Promise<void>): Promise<void>
  /** What has become of one. */
  state(which: number): Promise<'answers' | 'hangs' | 'ended'>
  /** SIGTERM to all; the exit codes. */
  stop(): Promise<readonly (number | null)[]>
  /** kill -9 of those that are still there, when nothing more is to be learned. */
  end(): Promise<void>
}

export async function startFleet(environments: readonly Record<string, string>[]): Promise<Fleet> {
  const servers: TestServer[] = []
  for (const environment of environments) servers.push(await startServer(environment))
  let kills = 0
  return {
    urls: servers.map(({ url }) => url),
    get kills() {
      return kills
    },
    async kill(which, between) {
      const server = servers[which] as TestServer
      const PORT = new URL(server.url).port
      await server.kill()
      kills += 1
      await between?.()
      servers[which] = await startAgain({ ...environments[which], PORT })
    },
    async state(which) {
      const { process, url } = servers[which] as TestServer
      if (process.exitCode !== null || process.signalCode !== null) return 'ended'
      const signal = AbortSignal.timeout(HANGS_AFTER_MS)
      return fetch(`${url}/api/v1/health`, { signal }).then(
        () => 'answers',
        () => 'hangs',
      )
    },
    stop: () => Promise.all(servers.map((server) => server.stop())),
    async end() {
      await Promise.all(servers.map((server) => server.kill()))
    },
  }
}

// A server that starts while its database is away gives up; whoever keeps servers alive starts it again.
async function startAgain(environment: Record<string, string>): Promise<TestServer> {
  for (let tries = 0; ; tries++) {
    try {
      return await startServer(environment)
    } catch (cause) {
      if (tries === 30) throw cause
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}
