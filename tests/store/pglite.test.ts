/** PGlite in a data directory: one process at a time, and what was acknowledged survives a kill -9. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FolderInUse } from '../../src/store/folder-lock.ts'
import { openPGlite } from '../../src/store/pglite.ts'
import { orderDefinition, orderHandlers, parcelDefinition } from '../examples/order.ts'
import { engineOn } from '../support/engine.ts'

const HOLDER = new URL('../support/pglite-holder.ts', import.meta.url).pathname
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chancery-pglite-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Reads the holder's lines until one fits, killing it then if asked. */
async function heard(holder: ChildProcess, fits: (line: string) => boolean): Promise<string[]> {
  const lines: string[] = []
  for await (const line of createInterface({ input: holder.stdout as NonNullable<typeof holder.stdout> })) {
    lines.push(line)
    if (fits(line)) break
  }
  return lines
}

test('a second process is refused, and told who is there', async () => {
  const store = await openPGlite(folder)
  const second = spawn(process.execPath, [HOLDER, folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  let complaint = ''
  second.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  expect(await new Promise((resolve) => second.once('exit', resolve))).not.toBe(0)
  expect(complaint).toContain(`in use by process ${process.pid}`)
  await store.close()
  await (await openPGlite(folder)).close()
})

test('the same process may not open it twice either', async () => {
  const store = await openPGlite(folder)
  await expect(openPGlite(folder)).rejects.toThrow(FolderInUse)
  await store.close()
})

test('after kill -9 the next opener takes over, and everything acknowledged is there', async () => {
  const holder = spawn(process.execPath, [HOLDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const dead = new Promise((resolve) => holder.once('exit', resolve))
  const lines = await heard(holder, (line) => line === 'noted 40')
  holder.kill('SIGKILL')
  await dead
  const instance_id = lines[0]?.split(' ')[1] as string

  const store = await openPGlite(folder)
  const engine = engineOn(store, [parcelDefinition, orderDefinition], { handlers: orderHandlers() })
  await engine.open()
  expect((await engine.view(instance_id)).context.notes).toBeGreaterThanOrEqual(40)
  expect(await engine.verifyChain()).toMatchObject({ valid: true, broken_at: null })
  await engine.stop()
  await store.close()
})
