import { describe, expect, test } from 'vitest'
import { runProcess } from '../../../src/runs/process/run-process.ts'
import { endWhatIsLeft, isAlive, nodeCommand, pidFile, pidIn, starting, stubborn } from './support.ts'

const MB = 1024 * 1024

endWhatIsLeft()

describe('a process that ends by itself', () => {
  test('answers its exit code and both streams', async () => {
    const result = await runProcess(nodeCommand(`console.log('out'); console.error('err'); process.exitCode = 3`))
    expect(result).toMatchObject({ end: 'exited', exit_code: 3, signal: null })
    expect([result.stdout.text, result.stderr.text]).toEqual(['out\n', 'err\n'])
  })

  test('RN-3: gets its arguments as they are, through no shell', async () => {
    const strange = ['$HOME', '`id`', 'a b', ';', '*', "'"]
    const text = 'console.log(JSON.stringify(process.argv.slice(1)))'
    const result = await runProcess(nodeCommand(text, { args: ['-e', text, ...strange] }))
    expect(JSON.parse(result.stdout.text)).toEqual(strange)
  })

  test('SB-4: sees the environment it was given, its marks, and nothing else', async () => {
    process.env.RUN_PROCESS_TEST = 'of the server'
    const result = await runProcess(
      nodeCommand('console.log(JSON.stringify(process.env))', { env: { A: '1' }, owner: 'me', effect_id: 'e-1' }),
    )
    delete process.env.RUN_PROCESS_TEST
    const { CHANCERY_EXECUTION, ...seen } = JSON.parse(result.stdout.text)
    expect(seen).toEqual({ A: '1', CHANCERY_OWNER: 'me', CHANCERY_EFFECT_ID: 'e-1' })
    expect(CHANCERY_EXECUTION).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('is told what to read, and may leave it unread', async () => {
    const read = await runProcess(nodeCommand('process.stdin.pipe(process.stdout)', { stdin: 'for you' }))
    expect(read.stdout.text).toBe('for you')
    const unread = await runProcess(nodeCommand('', { stdin: 'x'.repeat(MB) }))
    expect(unread.exit_code).toBe(0)
  })

  test('without anything to read finds an empty input and does not wait', async () => {
    expect((await runProcess(nodeCommand('process.stdin.pipe(process.stdout)'))).stdout.text).toBe('')
  })

  test('floods its output: 10 MiB are kept, the rest is counted', async () => {
    const flood = `const mb = 'x'.repeat(${MB}); for (let i = 0; i < 24; i++) process.stdout.write(mb)`
    const { stdout, exit_code } = await runProcess(nodeCommand(flood))
    expect([exit_code, stdout.text.length, stdout.bytes]).toEqual([0, 10 * MB, 24 * MB])
  })

  test('ended by a signal has exit code -1 and the signal, never 0', async () => {
    const result = await runProcess(nodeCommand(`process.kill(process.pid, 'SIGKILL')`))
    expect(result).toMatchObject({ end: 'exited', exit_code: -1, signal: 'SIGKILL' })
  })
})

describe('a process that cannot start', () => {
  test('SB-6: names the program that was not found', async () => {
    const result = await runProcess(nodeCommand('', { program: 'no-such-program' }))
    expect(result).toMatchObject({ end: 'not_started', exit_code: -1 })
    expect(result.stderr.text).toBe('Command not found: no-such-program')
  })

  test('SB-6: a missing directory is not taken for a missing program', async () => {
    const result = await runProcess(nodeCommand('', { cwd: '/no/such/directory' }))
    expect(result.stderr.text).toBe('Working directory not found: /no/such/directory')
  })

  test('SB-6: an argument no process can be given is told', async () => {
    const result = await runProcess(nodeCommand('', { args: ['a\0b'] }))
    expect(result).toMatchObject({ end: 'not_started', exit_code: -1 })
    expect(result.stderr.text).toContain('null bytes')
  })

  test('a call that was given up before starts nothing', async () => {
    const result = await runProcess(nodeCommand('', { signal: AbortSignal.abort() }))
    expect(result).toMatchObject({ end: 'aborted', exit_code: -1 })
  })
})

describe('a process whose time is up', () => {
  test('SB-8: is asked to leave, and what it said is kept', async () => {
    const text = `
      process.on('SIGTERM', () => { console.log('leaving'); process.exit(0) })
      setInterval(() => {}, 1000); console.log('working')`
    const result = await runProcess(nodeCommand(text, { timeout_ms: 500, grace_ms: 5000 }))
    // Leaving politely does not make it a success.
    expect(result).toMatchObject({ end: 'timed_out', exit_code: -1 })
    expect(result.stdout.text).toBe('working\nleaving\n')
    expect(result.elapsed_ms).toBeGreaterThanOrEqual(500)
    expect(result.elapsed_ms).toBeLessThan(5000)
  })

  test('SB-8: is killed after its grace when it ignores SIGTERM, with all it started', async () => {
    const [leader, child] = [pidFile(), pidFile()]
    const text = starting(stubborn(child)) + stubborn(leader)
    const result = await runProcess(nodeCommand(text, { timeout_ms: 1500 }))
    expect(result).toMatchObject({ end: 'timed_out', signal: 'SIGKILL' })
    expect(isAlive(await pidIn(leader))).toBe(false)
    expect(isAlive(await pidIn(child))).toBe(false)
  })
})

test('7.1: the memory a process and its children hold together is seen', async () => {
  const holding = `globalThis.held = Buffer.alloc(${100 * MB}, 1); setInterval(() => {}, 1000);`
  const result = await runProcess(nodeCommand(starting(holding) + holding, { timeout_ms: 1500 }))
  expect(result.peak_mb).toBeGreaterThan(200)
})

describe('a process nobody wants any more', () => {
  test('SB-8: ends like one whose time is up, at once', async () => {
    const abort = new AbortController()
    const file = pidFile()
    const running = runProcess(nodeCommand(stubborn(file), { signal: abort.signal }))
    const pid = await pidIn(file)
    abort.abort('cancelled')
    expect(await running).toMatchObject({ end: 'aborted', exit_code: -1, signal: 'SIGKILL' })
    expect(isAlive(pid)).toBe(false)
  })
})

describe('nothing outlives its effect (D26)', () => {
  test('neither a child in its group', async () => {
    const file = pidFile()
    const result = await runProcess(nodeCommand(leaving(starting(stubborn(file)), file)))
    expect(result).toMatchObject({ end: 'exited', exit_code: 0 })
    expect(isAlive(await pidIn(file))).toBe(false)
  })

  test('nor one that moved to a session of its own', async () => {
    const file = pidFile()
    await runProcess(nodeCommand(leaving(starting(stubborn(file), { detached: true }), file)))
    expect(isAlive(await pidIn(file))).toBe(false)
  })

  test('nor a grandchild of such a one', async () => {
    const file = pidFile()
    const between = starting(stubborn(file), { detached: true })
    await runProcess(nodeCommand(leaving(starting(between, { detached: true }), file)))
    expect(isAlive(await pidIn(file))).toBe(false)
  })

  test('nor one with an empty environment and a session of its own, as long as its parent is there', async () => {
    const file = pidFile()
    const hidden = starting(stubborn(file), { detached: true, env: {} })
    await runProcess(nodeCommand(`${hidden} setInterval(() => {}, 1000)`, { timeout_ms: 1500 }))
    expect(isAlive(await pidIn(file))).toBe(false)
  })

  test('and a child that holds the output open does not keep the result waiting', async () => {
    const file = pidFile()
    const holding = starting(stubborn(file), { detached: true }).replace('"ignore"', '"inherit"')
    const result = await runProcess(nodeCommand(leaving(holding, file)))
    expect(result.end).toBe('exited')
    expect(result.elapsed_ms).toBeLessThan(10_000)
  })

  test('but another execution of the same effect is left alone', async () => {
    const [file, effect_id] = [pidFile(), crypto.randomUUID()]
    const abort = new AbortController()
    const other = runProcess(nodeCommand(stubborn(file), { effect_id, signal: abort.signal }))
    const pid = await pidIn(file)
    await runProcess(nodeCommand('', { effect_id }))
    expect(isAlive(pid)).toBe(true)
    abort.abort()
    await other
  })
})

/** Text that runs something and leaves once a process has noted its pid. */
function leaving(text: string, file: string): string {
  return `${text}
    const waiting = setInterval(() => { if (require('fs').existsSync(${JSON.stringify(file)})) process.exit(0) }, 10)`
}
