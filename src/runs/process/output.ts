import type { Readable } from 'node:stream'

/** What is kept of each stream; beyond it a tool's words are read, so that it never blocks, and counted. */
const KEPT_BYTES = 10 * 1024 * 1024

export interface Output {
  readonly text: string
  /** How much there was, kept or not. */
  readonly bytes: number
}

/** Reads a stream to its end, keeping its first 10 MiB. The answer is what came so far: partial output counts too. */
export function collect(stream: Readable): () => Output {
  const chunks: Buffer[] = []
  let kept = 0
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (kept === KEPT_BYTES) return
    const part = chunk.subarray(0, KEPT_BYTES - kept)
    chunks.push(part)
    kept += part.length
  })
  return () => ({ text: Buffer.concat(chunks).toString('utf8'), bytes })
}
