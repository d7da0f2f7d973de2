/** kill -9 while a tool runs: one decision, a whole journal, no process left. */
import { cp, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { freshDatabase } from '../support/postgres.ts'
import { startServer } from '../support/server.ts'

const SHOP = new URL('../samples/shop', import.meta.url).pathname
const VITEST_HOME = new URL('../../node_modules', import.meta.url).pathname

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chancery-kill-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const databases = [
  { name: 'pglite', environment: async () => ({}) },
  { name: 'postgres', environment: async () => ({ DATABASE_URL: await freshDatabase(inject('postgres_url')) }) },
]

describe.each(databases)('on $name', ({ environment }) => {
  test('after a restart the run ends with exactly one decision, and no tool process is left', async () => {
    const workspace = await slowWorkspace()
    const settings = { DATA_DIR: join(folder, 'data'), WORKSPACE_ROOT: workspace, ...(await environment()) }
    const first = await startServer(settings)
    const { body } = await first.post('/orchestrations/runs', {
      nl_input: 'run the slow ones',
      options: { tool_name: 'run_vitest', args: { test_path: 'tests/slow.test.js' } },
    })
    await until(async () => (await mine(workspace)).length > 0)
    await first.kill()
    await until(async () => (await mine(workspace)).length === 0)

    await writeFile(join(workspace, 'go'), '')
    const second = await startServer(settings)
    // On Postgres the dead server's lease must run out first.
    await until(
      async () => (await second.get(`/orchestrations/runs/${body.run_id}`)).body.summary.decision !== null,
      40_000,
    )
    const journal = (await second.get(`/instances/${body.run_id}/journal`)).body.entries
    expect(journal.map(({ revision }: { revision: number }) => revision)).toEqual(
      journal.map((_: unknown, i: number) => i + 1),
    )
    const decided = journal.filter(
      ({ event }: { event: { type: string } }) => event.type === 'xstate.done.actor.evaluateGate',
    )
    expect(decided).toHaveLength(1)
    expect((await second.get(`/orchestrations/runs/${body.run_id}`)).body.summary).toMatchObject({ decision: 'PASS' })
    expect((await second.get('/chain/verify')).body).toMatchObject({ valid: true, broken_at: null })
    expect(await second.stop()).toBe(0)
    expect(await mine(workspace)).toEqual([])
  })
})

/** The sample shop with a suite that ends only once the file `go` is there. */
async function slowWorkspace(): Promise<string> {
  const workspace = join(folder, 'shop')
  await cp(SHOP, workspace, { recursive: true, filter: (path) => !path.includes('node_modules') })
  await symlink(VITEST_HOME, join(workspace, 'node_modules'))
  await writeFile(
    join(workspace, 'tests/slow.test.js'),
    `import { existsSync } from 'node:fs'
import { test } from 'vitest'
test('waits to be let go', { timeout: 60_000 }, async () => {
  while (!existsSync(new URL('../go', import.meta.url))) await new Promise((resolve) => setTimeout(resolve, 50))
})
`,
  )
  return workspace
}

/** Pids of processes that work in the folder. */
async function mine(workspace: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const folders = await Promise.all(
    pids.map(async (pid) => [pid, await readlink(`/proc/${pid}/cwd`).catch(() => '')] as const),
  )
  return folders.filter(([, cwd]) => cwd.startsWith(workspace)).map(([pid]) => pid)
}

async function until(holds: () => Promise<boolean>, within_ms = 20_000): Promise<void> {
  const deadline = Date.now() + within_ms
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it did not come to pass')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
