/**
 * The warden: a process of its own that ends the tools of a server which cannot do it any more.
 *
 *     server ──notices──▶ warden        one line of JSON each, through the warden's stdin
 *        ╳   end of file                the server is gone, however it went
 *            warden ──SIGKILL──▶ every tool the server had not reported as ended
 *
 * The server says which execution it is about to start before it starts it, so no moment is uncovered. The warden
 * leads its own session, so nothing that is sent to the server's or to a tool's group reaches it; a polite signal
 * of its own does not end it either: it ends with the pipe.
 */
import { createInterface } from 'node:readline'
import { endProcesses, kill } from './end-processes.ts'

export type Notice =
  | { readonly kind: 'starting'; readonly execution: string }
  | { readonly kind: 'started'; readonly execution: string; readonly group: number }
  | { readonly kind: 'ended'; readonly execution: string }

const groups = new Map<string, number | null>()

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {})

for await (const line of createInterface({ input: process.stdin })) {
  const notice = noticeIn(line)
  if (notice !== undefined) note(notice)
}

for (const group of groups.values()) if (group !== null) kill(-group, 'SIGKILL')
if (groups.size > 0) await endProcesses(({ execution }) => execution !== undefined && groups.has(execution))

/** Undefined for a line that the server's end cut short. */
function noticeIn(line: string): Notice | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function note(notice: Notice): void {
  switch (notice.kind) {
    case 'starting':
      groups.set(notice.execution, null)
      break
    case 'started':
      groups.set(notice.execution, notice.group)
      break
    case 'ended':
      groups.delete(notice.execution)
  }
}
