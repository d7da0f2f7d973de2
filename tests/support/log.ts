/** A log that keeps what it is told, for tests that ask what an operator would have seen. */
import type { Log } from '../../src/engine/log.ts'

export interface KeptLog extends Log {
  readonly lines: { level: string; message: string; fields?: Readonly<Record<string, unknown>> | undefined }[]
}

export function keptLog(): KeptLog {
  const lines: KeptLog['lines'] = []
  const at = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) => {
    lines.push({ level, message, fields })
    if (process.env.SHOW_LOGS)
      process.stderr.write(
        `${level} ${message} ${JSON.stringify(fields)} ${fields?.cause ? (fields.cause as Error).stack : ''}\n`,
      )
  }
  return { lines, info: at('info'), warn: at('warn'), error: at('error') }
}
