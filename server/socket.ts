/** The server's socket: opened, and closed without cutting off an answer that is under way. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { CannotStart } from './cannot-start.ts'
import type { Environment } from './environment.ts'
import type { Settings } from './settings.ts'

/** A request that sends its headers or its body more slowly than this only holds a connection. */
const limits = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 10_000, maxHeaderSize: 16 * 1024 }

/** How long answers that are under way may take when the server stops. */
const GRACE_MS = 10_000

export interface Socket {
  readonly url: string
  close(): Promise<void>
}

export async function listen(app: Hono<Environment>, { PORT, HOST }: Settings): Promise<Socket> {
  const server = createAdaptorServer({ fetch: app.fetch, serverOptions: limits }) as Server
  try {
    server.listen(PORT, HOST)
    await once(server, 'listening')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'the port is in use; set PORT to another one' : `${code}`
    throw new CannotStart(`Cannot listen on ${HOST} port ${PORT}: ${why}`, { cause })
  }
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      // Connections are kept for the next request, and now there will be none: each goes once it has its answer.
      const tidying = setInterval(() => server.closeIdleConnections(), 50)
      const impatience = setTimeout(() => server.closeAllConnections(), GRACE_MS)
      await closed
      clearInterval(tidying)
      clearTimeout(impatience)
    },
  }
}
