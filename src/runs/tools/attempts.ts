/** Where the attempts of a call keep their files (TX-1): the first in the call's directory, each other one in one of its own below. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

interface Call {
  readonly run_id: string
  readonly tool_name: string
}

/** Relative to the artifacts' root. */
export function attemptDir({ run_id, tool_name, attempt }: Call & { readonly attempt: number }): string {
  const first = `${run_id}/tools/${tool_name}`
  return attempt === 1 ? first : `${first}/attempt-${attempt}`
}

/** The last attempt that began: its directory is made before its process starts. 1 before any did. */
export async function lastAttempt(artifacts_root: string, call: Call): Promise<number> {
  const names = await readdir(join(artifacts_root, attemptDir({ ...call, attempt: 1 }))).catch(() => [])
  return Math.max(1, ...names.map(attemptIn))
}

/** 1 for a directory that is no attempt's. */
export function attemptIn(name: string): number {
  return Number(/^attempt-([2-9]|[1-9]\d)$/.exec(name)?.[1] ?? 1)
}
