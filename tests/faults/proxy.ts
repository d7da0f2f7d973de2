/** A TCP proxy between servers and their database that can be cut, or made slow. */
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from '../support/postgres.ts'

export interface Proxy {
  readonly port: number
  /** Destroys every connection that is open now. */
  cut(): void
  /** ms every packet waits from now on, in both directions. */
  delay(ms: number): void
  close(): Promise<void>
}

export async function proxyTo(target: number): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let delay_ms = 0
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      near.destroy()
      far.destroy()
    }
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('data', (data) => (delay_ms > 0 ? setTimeout(() => to.write(data), delay_ms) : to.write(data)))
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
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        cut()
      }),
  }
}
