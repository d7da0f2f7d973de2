/** A TCP proxy between servers and their database that can be cut, made slow, or pointed elsewhere. */
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { freePort } from '../support/postgres.ts'

export interface DatabaseProxy {
  readonly port: number
  /** Destroys every connection that is open now. */
  cut(): void
  /** ms every packet waits from now on, in both directions. */
  delay(ms: number): void
  /** New connections go to that port; the old ones are cut. */
  pointTo(target: number): void
  close(): Promise<void>
}

export async function proxyTo(first: number): Promise<DatabaseProxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let target = first
  let delay_ms = 0
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
    const pair = [near, far] as const
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      near.destroy()
      far.destroy()
    }
    for (const [from, to] of [pair, [far, near] as const]) {
      // What is slow must not be overtaken by what comes later.
      let last = Promise.resolve()
      from.on('data', (data) => {
        const due = performance.now() + delay_ms
        last = last.then(async () => {
          const left = due - performance.now()
          if (left > 0) await wait(left)
          to.write(data)
        })
      })
      from.on('error', end)
      from.on('close', end)
    }
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const cut = () => {
    for (const [near, far] of [...pairs]) {
      near.destroy()
      far.destroy()
    }
  }
  return {
    port,
    cut,
    delay: (ms) => {
      delay_ms = ms
    },
    pointTo(port) {
      target = port
      cut()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
