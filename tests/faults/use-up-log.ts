/** Brings PGlite's write-ahead log, while no server has it open, close to where it needs another segment from the disk. */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'

export const SEGMENT = 16 * 1024 * 1024
/** A record this small fits in anywhere. */
const CLOSE_ENOUGH = 16 * 1024

interface End {
  /** The segment it ends in, as a file. */
  readonly file: string
  /** Bytes that are free in it. */
  readonly free: number
}

/**
 * Leaves about that many bytes of the last segment. Answers with what takes away the segments behind it: the spare ones
 * are kept to be used again, and a server that starts makes one in advance.
 */
export async function useUpLog(pgdata: string, leaving: number): Promise<() => Promise<void>> {
  const pglite = await PGlite.create({ dataDir: pgdata })
  const end = async () => {
    const { rows } = await pglite.query<End>(
      `select pg_walfile_name(lsn) as file, ${SEGMENT} - mod(lsn - '0/0'::pg_lsn, ${SEGMENT})::int as free
      from pg_current_wal_insert_lsn() as lsn`,
    )
    return rows[0] as End
  }
  for (;;) {
    const { free } = await end()
    const surplus = free - leaving + (free < leaving ? SEGMENT : 0)
    if (surplus < CLOSE_ENOUGH) break
    await pglite.query("select pg_logical_emit_message(false, 'used', repeat('-', $1))", [Math.ceil(surplus / 2)])
  }
  const { file } = await end()
  await pglite.close()
  const wal = join(pgdata, 'pg_wal')
  return async () => {
    const spare = (await readdir(wal)).filter((name) => /^[0-9A-F]{24}$/.test(name) && name > file)
    for (const name of spare) await rm(join(wal, name))
  }
}
