/** What keeps the server from starting, in words for whoever starts it. */
import { inspect } from 'node:util'
import { CannotServe } from '../src/engine/engine.ts'
import { FolderInUse } from '../src/store/folder-lock.ts'

export class CannotStart extends Error {
  override readonly name = 'CannotStart'
}

const foreseen = [CannotStart, CannotServe, FolderInUse]

/** A sentence where the cause was foreseen; all there is to know where it was not. */
export function reasonOf(fault: unknown): string {
  return fault instanceof Error && foreseen.some((kind) => fault instanceof kind) ? fault.message : inspect(fault)
}

/** Failed connections come as several errors at once, under none of which there is a message. */
export function messageOf(fault: unknown): string {
  if (fault instanceof AggregateError) return fault.errors.map(messageOf).join('; ')
  return fault instanceof Error ? fault.message : String(fault)
}
