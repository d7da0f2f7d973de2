import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { processTable } from '../../../src/runs/process/process-table.ts'
import { sweepOrphans } from '../../../src/runs/process/sweep-orphans.ts'
import { endWhatIsLeft, isAlive, pidFile, pidIn, starting, stubborn, until } from './support.ts'

const serverScript = fileURLToPath(new URL('./server.ts', import.meta.url))

endWhatIsLeft()

test('D26: a server that is killed leaves no process of its tools behind, and no warden', async () => {
  const { server, tool, child, escaped } = await serverWithTool()
  const warden = await wardenOf(server)
  server.kill('SIGKILL')
  await until(() => ![tool, child, escaped, warden].some(isAlive))
})

test('D26: what ends politely ends the tools of a server all the same', async () => {
  const { server, tool } = await serverWithTool()
  server.kill('SIGTERM')
  await until(() => !isAlive(tool))
})

test('D26: the warden stays whatever polite signal it or its group gets', async () => {
  const { server, tool } = await serverWithTool()
  const warden = await wardenOf(server)
  // SIGUSR2 is the last it sees to; SIGTERM node itself minds from the start.
  await until(() => minds(warden, 12))
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.kill(warden, signal)
    process.kill(-warden, signal)
  }
  server.kill('SIGKILL')
  await until(() => ![tool, warden].some(isAlive))
})

test('D26: a warden that is killed has a successor that knows everything', async () => {
  const { server, tool, escaped } = await serverWithTool()
  const first = await wardenOf(server)
  process.kill(first, 'SIGKILL')
  await until(() => !isAlive(first))
  expect(await wardenOf(server)).not.toBe(first)
  server.kill('SIGKILL')
  await until(() => ![tool, escaped].some(isAlive))
})

test('D26: when server and warden die together, the next start sweeps what they left', async () => {
  const owner = crypto.randomUUID()
  const { server, tool, child, escaped } = await serverWithTool(owner)
  const warden = await wardenOf(server)
  server.kill('SIGSTOP')
  process.kill(warden, 'SIGKILL')
  server.kill('SIGKILL')
  await until(() => ![warden, server.pid ?? 0].some(isAlive))
  expect([tool, child, escaped].filter(isAlive)).toHaveLength(3)

  const swept = await sweepOrphans({ owner, isOrphan: async () => true })
  expect(swept).toHaveLength(1)
  expect([tool, child, escaped].filter(isAlive)).toEqual([])
})

/** Its tool, a child of it, and one that moved to a session of its own; all ignore SIGTERM. */
async function serverWithTool(owner: string = crypto.randomUUID()) {
  const [tool, child, escaped] = [pidFile(), pidFile(), pidFile()]
  const text = starting(stubborn(child)) + starting(stubborn(escaped), { detached: true }) + stubborn(tool)
  const server = spawn(process.execPath, [serverScript, text, owner], { stdio: 'ignore' })
  return { server, tool: await pidIn(tool), child: await pidIn(child), escaped: await pidIn(escaped) }
}

async function wardenOf(server: ChildProcess): Promise<number> {
  let found: number | undefined
  const look = async () => {
    const children = (await processTable()).filter(({ parent }) => parent === server.pid)
    found = children.find(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('warden.ts'))?.pid
  }
  const end = performance.now() + 5000
  while (found === undefined && performance.now() < end) await look()
  if (found === undefined) throw new Error('The server has no warden')
  return found
}

/** Whether the process has come so far as to handle the signal itself. */
function minds(pid: number, signal: number): boolean {
  const caught = /SigCgt:\t([0-9a-f]+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n
}
