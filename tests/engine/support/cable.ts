/**
 * The cable between a server and its Postgres. Cut, the server's end is dead at once, while the database's end stays
 * as it was: what the server had said is still carried out, and nobody hears the answer.
 */
import { connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface Cable {
  /** Where the database is found through the cable. */
  readonly url: string
  /** Cuts the connections of that application name; new ones may be made. */
  cut(application_name: string): void
  /** Cuts all, and lets nobody through until `mend`. */
  unplug(): void
  mend(): void
}

interface Wire {
  readonly near: Socket
  readonly far: Socket
  /** The first thing said on it, where the application gives its name. */
  greeting: string
}

export async function cableTo(url: string): Promise<Cable> {
  const { hostname, port } = new URL(url)
  const wires = new Set<Wire>()
  let unplugged = false
  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    const wire: Wire = { near, far, greeting: '' }
    wires.add(wire)
    for (const end of [near, far]) end.on('error', () => {})
    near.once('data', (first) => {
      wire.greeting = first.toString('latin1')
    })
    if (unplugged) near.destroy()
    // Without `end`, the database does not learn that nobody listens any more.
    near.pipe(far, { end: false })
    far.pipe(near)
    near.once('end', () => far.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const { near, far } of wires) {
      near.destroy()
      far.destroy()
    }
  })
  const cutThose = (chosen: (wire: Wire) => boolean) => {
    for (const wire of wires) {
      if (!chosen(wire)) continue
      wire.far.unpipe(wire.near)
      wire.far.resume()
      wire.near.destroy()
    }
  }
  const address = server.address() as { port: number }
  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${address.port}` }).href,
    cut: (application_name) => cutThose(({ greeting }) => greeting.includes(`application_name\0${application_name}\0`)),
    unplug() {
      unplugged = true
      cutThose(() => true)
    },
    mend() {
      unplugged = false
    },
  }
}
