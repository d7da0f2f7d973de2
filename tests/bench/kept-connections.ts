/** Clients that keep their connections, and take little of the machine that they share with the server. */
import { Agent, request } from 'node:http'

export interface KeptConnections {
  /** Posts JSON text; answers with the status once the answer has been read. */
  post(path: string, body: string): Promise<number>
  close(): void
}

export function keptConnections(url: string, count: number): KeptConnections {
  const agent = new Agent({ keepAlive: true, maxSockets: count })
  const { hostname, port } = new URL(url)
  return {
    post: (path, body) =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
        const sent = request({ agent, hostname, port, path, method: 'POST', headers }, (answer) => {
          answer.resume()
          answer.once('end', () => resolve(answer.statusCode ?? 0))
          answer.once('error', reject)
        })
        sent.once('error', reject)
        sent.end(body)
      }),
    close: () => agent.destroy(),
  }
}
