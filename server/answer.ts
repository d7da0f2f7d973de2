/** From what an operation gave to a response, by the kind of answer it declared. */
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type Answer, BASE, type FileAnswer, type OpenStream, type Success } from '../src/operation.ts'
import type { RequestContext } from './environment.ts'
import { eventStream, type StreamOptions } from './event-stream.ts'

export function answered(c: RequestContext, answer: Answer, result: Success, options: StreamOptions): Response {
  if (result.revision !== undefined) c.header('ETag', `"${result.revision}"`)
  if (result.location !== undefined) c.header('Location', `${BASE}${result.location}`)
  switch (answer.kind) {
    case 'json':
      return c.json(result.data as object, (result.status ?? answer.status) as ContentfulStatusCode)
    case 'text':
      return c.body(result.data as string, 200, { 'Content-Type': answer.media_type })
    case 'file':
      return fileResponse(c, result.data as FileAnswer)
    case 'stream':
      return streamResponse(c, result.data as OpenStream, options)
  }
}

const streamHeaders = {
  'Content-Type': 'text/event-stream',
  // Proxies that collect an answer before passing it on would hold events back.
  'X-Accel-Buffering': 'no',
}

function streamResponse(c: RequestContext, open: OpenStream, options: StreamOptions): Response {
  // Nobody would ever read, or close, what a HEAD request opens.
  if (c.req.method === 'HEAD') return c.body(null, 200, streamHeaders)
  return c.body(eventStream(open, options), 200, streamHeaders)
}

/** Files were written by tools: a browser shows them, if at all, without any right of this origin. */
function fileResponse(c: RequestContext, { content, size, media_type, attachment }: FileAnswer): Response {
  const saved = attachment === null ? 'inline' : `attachment; filename*=UTF-8''${encodeURIComponent(attachment)}`
  return c.body(content, 200, {
    'Content-Type': media_type,
    'Content-Length': String(size),
    'Content-Disposition': saved,
    'Content-Security-Policy': "default-src 'none'; sandbox",
  })
}
