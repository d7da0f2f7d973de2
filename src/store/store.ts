/**
 * The store: the one database behind the engine, whichever it is. Everyday queries go through Kysely, the commit
 * through a connection of its own. Two drivers make one: `postgres` and `pglite`.
 */
import type { Kysely } from 'kysely'
import { type Batch, commitParameters, commitStatement, type Verdict } from './commit.ts'
import type { Tables } from './tables.ts'

export interface Driver {
  readonly kind: 'postgres' | 'pglite'
  readonly db: Kysely<Tables>
  /** On the writer's own connection; statements with a name are planned once. */
  write(text: string, parameters: readonly unknown[], name?: string): Promise<readonly Record<string, unknown>[]>
  /** Returns when all that was written is on disk. */
  settle(): Promise<void>
  /** Tells every server on this database, this one included, that something was committed. May be lost. */
  notify(topic: string): Promise<void>
  listen(heard: (topic: string) => void): Promise<void>
  close(): Promise<void>
}

/** A commit was made, and then could not be brought to disk: nobody may rely on it, nor on what follows. */
export class NotDurable extends Error {
  override readonly name = 'NotDurable'
}

export interface Store {
  readonly kind: Driver['kind']
  readonly db: Kysely<Tables>
  /** Writes all of the batch or nothing; never throws for a lost race. */
  commit(batch: Batch): Promise<Verdict>
  /** Runs `work` holding the head's lock, with the number it stands at: the way to commit while other servers do too (D2). */
  lockingHead<T>(work: (number: number) => Promise<T>): Promise<T>
  notify(topic: string): Promise<void>
  listen(heard: (topic: string) => void): Promise<void>
  close(): Promise<void>
}

export function storeOn(driver: Driver): Store {
  return {
    kind: driver.kind,
    db: driver.db,
    async commit(batch) {
      const { name, text } = commitStatement(batch)
      const [row] = await driver.write(text, commitParameters(batch), name)
      const verdict = row as unknown as Verdict
      if (verdict.ok) {
        await driver.settle().catch((cause) => {
          throw new NotDurable('The write-ahead log could not be synced', { cause })
        })
      }
      return verdict
    },
    async lockingHead(work) {
      await driver.write('begin', [])
      try {
        const [head] = await driver.write('select number from head for update', [])
        const result = await work(head?.number as number)
        await driver.write('commit', [])
        return result
      } catch (cause) {
        await driver.write('rollback', []).catch(() => {})
        throw cause
      }
    },
    notify: (topic) => driver.notify(topic),
    listen: (heard) => driver.listen(heard),
    close: () => driver.close(),
  }
}
