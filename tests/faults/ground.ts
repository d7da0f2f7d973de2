/**
 * The ground of a campaign: a folder of its own with the sample project in it. Servers keep their data there and
 * tools work there, so whatever process is still there afterwards is one that was left.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SHOP = new URL('../samples/shop', import.meta.url).pathname
const VITEST_HOME = new URL('../../node_modules', import.meta.url).pathname

export interface Ground {
  readonly folder: string
  /** What every server here is told. */
  readonly settings: Readonly<Record<string, string>>
  /** Processes that work here: servers and tools. */
  processes(): Promise<readonly string[]>
  /** Only the tools among them. */
  tools(): Promise<readonly string[]>
  clear(): Promise<void>
}

export async function newGround(): Promise<Ground> {
  const folder = await mkdtemp(join(tmpdir(), 'chancery-faults-'))
  const workspace = join(folder, 'shop')
  await cp(SHOP, workspace, { recursive: true, filter: (path) => !path.includes('node_modules') })
  await symlink(VITEST_HOME, join(workspace, 'node_modules'))
  const home = join(folder, 'home')
  await mkdir(home)
  const environment = (pid: string) => readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  const worksIn = async (pid: string) => (await readlink(`/proc/${pid}/cwd`).catch(() => '')).startsWith(folder)
  const isHere = async (pid: string) => (await environment(pid)).includes(`=${folder}/`) || (await worksIn(pid))
  const isTool = async (pid: string) => (await environment(pid)).includes('CHANCERY_EFFECT_ID=') || (await worksIn(pid))
  return {
    folder,
    settings: {
      DATA_DIR: join(folder, 'data'),
      WORKSPACE_ROOT: workspace,
      // Tools inherit it: so they are known wherever they go.
      HOME: home,
      LOG_LEVEL: 'fatal',
      TOOL_CONCURRENCY: '2',
    },
    tools: () => pidsThat(async (pid) => (await isHere(pid)) && (await isTool(pid))),
    processes: () => pidsThat(isHere),
    clear: () => rm(folder, { recursive: true, force: true }),
  }
}

async function pidsThat(holds: (pid: string) => Promise<boolean>): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map(async (pid) => ((await holds(pid)) ? [pid] : [])))
  return found.flat()
}
