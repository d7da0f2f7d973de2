/** Server-sent events: what an iterator yields, a comment when it is long silent, and nothing read ahead of the reader. */
import type { OpenStream, StreamItem } from '../src/operation.ts'

const HEARTBEAT_MS = 15_000

export interface StreamOptions {
  /** Raised when the server stops, or the connection is gone. */
  readonly signal: AbortSignal
  /** Told of a fault; the stream ends, and the reader comes back with its `Last-Event-ID`. */
  readonly onFault: (fault: unknown) => void
}

export function eventStream(open: OpenStream, { signal, onFault }: StreamOptions): ReadableStream<Uint8Array> {
  const closing = new AbortController()
  const items = open(AbortSignal.any([signal, closing.signal]))[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  let heartbeat: NodeJS.Timeout
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(': open\n\n'))
      heartbeat = setInterval(() => controller.enqueue(encoder.encode(': heartbeat\n\n')), HEARTBEAT_MS).unref()
    },
    async pull(controller) {
      const next = await items.next().catch(onFault)
      if (closing.signal.aborted) return
      if (next && !next.done) return controller.enqueue(encoder.encode(frame(next.value)))
      clearInterval(heartbeat)
      controller.close()
    },
    cancel() {
      clearInterval(heartbeat)
      closing.abort()
    },
  })
}

/** JSON has no line breaks of its own, so one `data` line always holds it all. */
function frame({ id, event, data }: StreamItem): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
