/** The wall clock of one server, to be moved while it runs or is away. */
import { rename, writeFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

const PRELOAD = new URL('../support/shifted-clock.ts', import.meta.url).href
/** Longer than the server takes to look. */
const NOTICED_MS = 150

export interface ServerClock {
  /** What the server is to be started with. */
  readonly environment: Readonly<Record<string, string>>
  /** ms it is off from now on. */
  move(offset_ms: number): Promise<void>
}

export async function serverClock(file: string): Promise<ServerClock> {
  const write = async (offset_ms: number) => {
    // Never half a number.
    await writeFile(`${file}.new`, String(Math.round(offset_ms)))
    await rename(`${file}.new`, file)
  }
  await write(0)
  return {
    environment: { NODE_OPTIONS: `--import=${PRELOAD}`, CLOCK_OFFSET_FILE: file },
    async move(offset_ms) {
      await write(offset_ms)
      await wait(NOTICED_MS)
    },
  }
}
