import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Confinement } from '../../../src/runs/process/confinement.ts'
import { isolationHere, runConfined, works } from '../../../src/runs/process/isolation.ts'
import { processTable } from '../../../src/runs/process/process-table.ts'
import type { Command, ProcessResult } from '../../../src/runs/process/run-process.ts'
import { sweepOrphans } from '../../../src/runs/process/sweep-orphans.ts'
import { directoryWith } from '../support.ts'
import { endWhatIsLeft, isAlive, nodeCommand, pidFile, starting, until } from './support.ts'

endWhatIsLeft()

const linux = process.platform === 'linux'

test('what is in force is the first that works', async () => {
  const found = await isolationHere()
  expect(await works(found)).toBe(true)
  if (found !== 'bubblewrap') expect(await works('bubblewrap')).toBe(false)
  if (found === 'process') expect(await works('namespaces')).toBe(false)
})

/** Not run where this machine does not offer it. */
describe.each(['namespaces', 'bubblewrap'] as const)('%s', (isolation) => {
  const here = works(isolation)
  const confined = (name: string, run: () => Promise<void>) =>
    test.skipIf(!linux)(name, async (context) => {
      if (!(await here)) context.skip(`this machine does not offer ${isolation}`)
      await run()
    })

  /** Runs a text of node in a fresh workspace with a fresh directory to write to. */
  async function running(text: string, change: Partial<Confinement> = {}, more: Partial<Command> = {}) {
    const [workspace, open] = [directoryWith({ 'here.txt': 'seen' }), directoryWith()]
    const confinement: Confinement = {
      ...{ cwd: workspace, writable: [open], scratch: [], network: false },
      visible: [workspace, dirname(process.execPath)],
      ...change,
    }
    const command = nodeCommand(text, { cwd: workspace, ...more })
    const args = more.args ?? ['-e', text, open, workspace]
    const result = await runConfined(isolation, () => confinement, { ...command, args })
    return { result, workspace, open }
  }

  /** What came of trying to write each path. */
  async function writing(paths: readonly string[], change: Partial<Confinement> = {}) {
    const text = `
      const { writeFileSync } = require('node:fs')
      const tried = JSON.parse(process.env.PATHS).map((path) => {
        try { writeFileSync(path, 'x'); return 'written' } catch (fault) { return fault.code }
      })
      console.log(JSON.stringify(tried))`
    const env = { PATHS: JSON.stringify(paths) }
    const { result } = await running(text, change, { env })
    return JSON.parse(said(result))
  }

  confined('writes where it may, and nowhere else', async () => {
    const [open, closed] = [directoryWith(), directoryWith()]
    const visible = [closed, dirname(process.execPath)]
    const paths = [join(open, 'a'), join(closed, 'a'), '/a', '/etc/a', join(homedir(), 'a'), '/usr/a']
    const tried = await writing(paths, { cwd: '/', writable: [open], visible })
    expect(tried[0]).toBe('written')
    expect(tried.slice(1).every((code: string) => ['EROFS', 'EACCES', 'EPERM'].includes(code))).toBe(true)
    expect([existsSync(join(open, 'a')), existsSync(join(closed, 'a'))]).toEqual([true, false])
  })

  confined('sees the workspace, and writes to it only when it is told so', async () => {
    const text = `
      const { readFileSync, writeFileSync } = require('node:fs')
      console.log(readFileSync('here.txt', 'utf8'))
      try { writeFileSync('new.txt', ''); console.log('written') } catch (fault) { console.log(fault.code) }`
    expect(said((await running(text)).result)).toBe('seen\nEROFS\n')
    const workspace = directoryWith({ 'here.txt': 'seen' })
    const change = { cwd: workspace, writable: [workspace] }
    expect(said((await running(text, change, { cwd: workspace })).result)).toBe('seen\nwritten\n')
    expect(existsSync(join(workspace, 'new.txt'))).toBe(true)
  })

  confined('has temporary directories of its own', async () => {
    const others = directoryWith({ secret: '' })
    const name = `chancery-${crypto.randomUUID()}`
    expect(await writing([`/tmp/${name}`, `/var/tmp/${name}`, `/dev/shm/${name}`])).toEqual(Array(3).fill('written'))
    expect(existsSync(`/tmp/${name}`) || existsSync(`/var/tmp/${name}`)).toBe(false)
    const text = `console.log(require('node:fs').existsSync(${JSON.stringify(join(others, 'secret'))}))`
    expect(others.startsWith(tmpdir())).toBe(true)
    expect(said((await running(text)).result)).toBe('false\n')
  })

  confined('has scratch directories of its own, in their place', async () => {
    const workspace = directoryWith({ 'cache/old': '', 'here.txt': '' })
    const scratch = join(workspace, 'cache')
    const text = `
      const { readdirSync, writeFileSync } = require('node:fs')
      writeFileSync('cache/new', ''); console.log(readdirSync('cache').join())`
    const change = { cwd: workspace, visible: [workspace, dirname(process.execPath)], scratch: [scratch] }
    expect(said((await running(text, change, { cwd: workspace })).result)).toBe('new\n')
    expect([existsSync(join(scratch, 'old')), existsSync(join(scratch, 'new'))]).toEqual([true, false])
  })

  confined('reaches itself and nobody else, unless it may use the network', async () => {
    const server = createServer((socket) => socket.end('hello'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const text = `
      const net = require('node:net')
      const asked = (port, then) => net.connect(port, '127.0.0.1')
        .on('error', (fault) => then(fault.code)).on('data', (data) => then(String(data)))
      const own = net.createServer((socket) => socket.end('me')).listen(0, '127.0.0.1', () =>
        asked(own.address().port, (me) => asked(${port}, (other) => { console.log(me, other); process.exit() })))`
    expect(said((await running(text)).result)).toBe('me ECONNREFUSED\n')
    expect(said((await running(text, { network: true })).result)).toBe('me hello\n')
    server.close()
  })

  confined('cannot take back what keeps it', async () => {
    const script = `
      mount -o remount,bind,rw / 2>/dev/null && echo remounted
      umount -l /tmp 2>/dev/null && echo uncovered
      unshare --user --map-root-user --mount sh -c 'mount -o remount,bind,rw / && touch /etc/a && rm /etc/a' 2>/dev/null && echo escaped
      ip link add dummy0 type dummy 2>/dev/null && echo linked
      echo tried`
    const { result } = await running(
      '',
      {},
      { program: 'sh', args: ['-c', script], env: { PATH: process.env.PATH ?? '' } },
    )
    expect(said(result)).toBe('tried\n')
  })

  confined('does not read what the server has in its environment', async () => {
    const text = `
      try { console.log(require('node:fs').readFileSync('/proc/${process.pid}/environ').length > 0) }
      catch (fault) { console.log(fault.code) }`
    expect(['EACCES\n', 'EPERM\n', 'ENOENT\n']).toContain(said((await running(text)).result))
  })

  confined('keeps who it runs as', async () => {
    const text = 'console.log(process.getuid(), process.getgid())'
    expect(said((await running(text)).result)).toBe(`${process.getuid?.()} ${process.getgid?.()}\n`)
  })

  confined('RN-3: passes arguments and input on as they are', async () => {
    const strange = ['$HOME', '`id`', 'a b', ';', "it's", '"', '*', '\\']
    const text = 'process.stdin.on("data", (d) => console.log(String(d), JSON.stringify(process.argv.slice(1))))'
    const { result } = await running(text, {}, { args: ['-e', text, ...strange], stdin: 'in' })
    expect(said(result)).toBe(`in ${JSON.stringify(strange)}\n`)
  })

  confined('works in directories with any name', async () => {
    const open = join(directoryWith(), `it's a "$(touch x)" \\ name`)
    mkdirSync(open)
    const text = `require('node:fs').writeFileSync('a', 'x')`
    const { result } = await running(text, { cwd: open, writable: [open] }, { cwd: open })
    expect([result.exit_code, existsSync(join(open, 'a'))]).toEqual([0, true])
  })

  confined('6.5: answers exit codes', async () => {
    expect((await running('process.exitCode = 3')).result).toMatchObject({ end: 'exited', exit_code: 3, signal: null })
    expect((await running('')).result).toMatchObject({ end: 'exited', exit_code: 0 })
  })

  confined('GV-5: names the signal that ended it', async () => {
    const { result } = await running(`process.kill(process.pid, 'SIGKILL')`)
    expect(result).toMatchObject({ end: 'exited', exit_code: -1, signal: 'SIGKILL' })
  })

  confined('SB-6: names a program that was not found', async () => {
    const { result } = await running('', {}, { program: 'no-such-program', args: [], env: { PATH: '/usr/bin' } })
    expect(result).toMatchObject({ end: 'not_started', exit_code: -1 })
    expect(result.stderr.text).toBe('Command not found: no-such-program')
  })

  confined('is not started when it cannot be confined', async () => {
    const missing = join(directoryWith(), 'missing')
    const { result } = await running('console.log("ran")', { writable: [missing] })
    expect(result).toMatchObject({ end: 'not_started', exit_code: -1 })
    expect([result.stdout.text, result.stderr.text]).toEqual(['', expect.stringContaining('missing')])
  })

  confined('SB-8: is asked to leave when its time is up, and what it said is kept', async () => {
    const text = `
      process.on('SIGTERM', () => setTimeout(() => { console.log('leaving'); process.exit(0) }, 200))
      setInterval(() => {}, 1000); console.log('working')`
    const { result } = await running(text, {}, { timeout_ms: 1500, grace_ms: 5000 })
    expect(result).toMatchObject({ end: 'timed_out', stdout: { text: 'working\nleaving\n' } })
    expect(result.exit_code).not.toBe(0)
    expect(result.elapsed_ms).toBeLessThan(5000)
  })

  const stubborn = (file: string) => `
    process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)
    require('node:fs').writeFileSync(${JSON.stringify(file)}, 'x')`

  confined('D26: nothing it started outlives it, whatever it did to hide', async () => {
    const [effect_id, open] = [crypto.randomUUID(), directoryWith()]
    const file = join(open, 'there')
    const hidden = starting(stubborn(file), { detached: true })
    const text = `${hidden} const t = setInterval(() => { if (require('node:fs').existsSync(${JSON.stringify(file)})) process.exit(0) }, 10)`
    const { result } = await running(text, { writable: [open] }, { effect_id })
    expect(result.exit_code).toBe(0)
    expect(existsSync(file)).toBe(true)
    expect((await processTable()).filter((entry) => entry.effect_id === effect_id)).toEqual([])
  })

  confined('D26: the sweep finds it by its marks', async () => {
    const [owner, effect_id, open] = [crypto.randomUUID(), crypto.randomUUID(), directoryWith()]
    const file = join(open, 'there')
    const ended = running(stubborn(file), { writable: [open] }, { owner, effect_id })
    await until(() => existsSync(file))
    expect(await sweepOrphans({ owner, isOrphan: async () => true })).toEqual([effect_id])
    const { result } = await ended
    expect(result.exit_code).toBe(-1)
  })
})

function said({ stdout, stderr }: ProcessResult): string {
  if (stderr.text !== '') throw new Error(stderr.text)
  return stdout.text
}

test('without isolation a command runs as it is', async () => {
  const file = pidFile()
  writeFileSync(file, '')
  const text = `require('node:fs').writeFileSync(${JSON.stringify(file)}, String(process.pid))`
  const result = await runConfined('process', () => ({}) as Confinement, nodeCommand(text))
  expect(result).toMatchObject({ end: 'exited', exit_code: 0 })
  await pause(0)
  expect(isAlive(Number(readFileSync(file, 'utf8')))).toBe(false)
})
