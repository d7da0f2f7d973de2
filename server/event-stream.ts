/** Server-sent events: what an iterator yields, a comment when it is long silent, and nothing read ahead of the reader. */
import type { StreamItem } from '../src/operation.ts'

const HEARTBEAT_MS = 15_000

interface Options {
  /** Told of a fault; the stream ends, and the reader comes back with its `Last-Event-ID`. */
  readonly onFault: (fault: unknown) => void
}

export function eventStream(items: AsyncIterable<StreamItem>, { onFault }: Options): ReadableStream<Uint8Array> {
  const iterator = items[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  let wanted = true
  let heartbeat: NodeJS.Timeout
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(': open\n\n'))
      heartbeat = setInterval(() => controller.enqueue(encoder.encode(': heartbeat\n\n')), HEARTBEAT_MS).unref()
    },
    async pull(controller) {
      const next = await iterator.next().catch(onFault)
      if (!wanted) return
      if (next && !next.done) return controller.enqueue(encoder.encode(frame(next.value)))
      clearInterval(heartbeat)
      controller.close()
    },
    async cancel() {
      wanted = false
      clearInterval(heartbeat)
      await iterator.return?.()
    },
  })
}

/** JSON has no line breaks of its own, so one `data` line always holds it all. */
function frame({ id, event, data }: StreamItem): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
