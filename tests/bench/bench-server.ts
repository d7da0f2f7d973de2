/** The real server in a process of its own, as `npm start` starts it, hosting the bench's machines too. */
import { startServer, type TestServer } from '../support/server.ts'

const NODE_OPTIONS = `--import=${new URL('./with-examples.ts', import.meta.url)}`

export function startBenchServer(environment: Record<string, string>): Promise<TestServer> {
  return startServer({ NODE_OPTIONS, ...environment })
}
