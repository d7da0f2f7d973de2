import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Notice } from './warden.ts'

const wardenScript = fileURLToPath(new URL('./warden.ts', import.meta.url))

/**
 * The server's side of the warden. One warden watches all tools of a server: it starts with the first of them, so
 * the others pay nothing, and it is started again, and told everything again, should somebody kill it.
 */
export class Watch {
  #warden: ChildProcess | undefined
  readonly #executions = new Map<string, number | null>()

  /** Before the process starts: from here on it cannot outlive the server. */
  starting(execution: string): void {
    this.#executions.set(execution, null)
    if (this.#warden === undefined) this.#start()
    else this.#tell({ kind: 'starting', execution })
  }

  started(execution: string, group: number): void {
    this.#executions.set(execution, group)
    this.#tell({ kind: 'started', execution, group })
  }

  ended(execution: string): void {
    this.#executions.delete(execution)
    this.#tell({ kind: 'ended', execution })
  }

  #start(): void {
    const warden = spawn(process.execPath, [wardenScript], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      // Nothing of the server's environment: no secrets, and no options that would change how it starts.
      env: {},
      cwd: '/',
    })
    if (warden.pid === undefined) throw new Error(`The warden could not be started with ${process.execPath}`)
    this.#warden = warden
    warden.once('exit', () => this.#restart())
    // A broken pipe is a dead warden, which 'exit' reports.
    warden.stdin?.on('error', () => {})
    // Neither the warden nor its pipe keeps a server alive that has nothing else to do.
    warden.unref()
    const pipe = warden.stdin as Socket
    pipe.unref()
    for (const [execution, group] of this.#executions) {
      this.#tell(group === null ? { kind: 'starting', execution } : { kind: 'started', execution, group })
    }
  }

  #restart(): void {
    this.#warden = undefined
    if (this.#executions.size > 0) this.#start()
  }

  #tell(notice: Notice): void {
    this.#warden?.stdin?.write(`${JSON.stringify(notice)}\n`)
  }
}
