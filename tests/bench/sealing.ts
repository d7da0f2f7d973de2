/**
 * What the ledger costs: the same events with signers that sign and with signers that do not, turn by turn so that
 * both see the same machine; and, in one more run, how much of the CPU time each of the ledger's files takes.
 */
import { passingKey, type Signer } from '../../src/ledger/keys.ts'
import { openCounters } from './counters.ts'
import { cpuShares, type Frame } from './cpu-shares.ts'
import type { Ground } from './ground.ts'
import { measured, type Row } from './measure.ts'
import { onPostgres } from './places.ts'

const CONCURRENCY = 64
const ROUNDS = 4

export interface Sealing {
  readonly rows: readonly { readonly signers: string; readonly per_s: number }[]
  /** How much faster it would be without signatures, as a share of that. */
  readonly signing_share: number
  /** Of the CPU time of the process, by file of the ledger; canonical text and hashes where the ledger asks for them. */
  readonly cpu: readonly { readonly file: string; readonly share_of_cpu: number }[]
}

export async function sealing(ground: Ground): Promise<Sealing> {
  // First, since it also warms up what the others run.
  const shares = await cpuShares(() => events(ground, passingKey), ledgerFile)
  const signed: Row[] = []
  const unsigned: Row[] = []
  for (let round = 0; round < ROUNDS; round++) {
    // Whoever comes second may find the machine otherwise: they take turns in that, too.
    if (round % 2 === 1) unsigned.push(await events(ground, unsigning))
    signed.push(await events(ground, passingKey))
    if (round % 2 === 0) unsigned.push(await events(ground, unsigning))
  }
  return {
    rows: [
      { signers: 'that sign', per_s: Math.round(mean(signed)) },
      { signers: 'that do not sign', per_s: Math.round(mean(unsigned)) },
    ],
    signing_share: rounded(1 - mean(signed) / mean(unsigned)),
    cpu: Object.entries(shares).map(([file, share]) => ({ file, share_of_cpu: rounded(share) })),
  }
}

function events({ url }: Ground, signer: (purpose: Signer['purpose']) => Signer): Promise<Row> {
  return onPostgres(url, async (store) => {
    const options = { signer: signer('writer'), witness: signer('witness') }
    const counters = await openCounters(store, CONCURRENCY, options)
    const row = await measured({ what: 'events', concurrency: CONCURRENCY, work: counters.count })
    await counters.stop()
    return row
  })
}

function unsigning(purpose: Signer['purpose']): Signer {
  return { ...passingKey(purpose), sign: () => 'not signed' }
}

/** The innermost file of the ledger at work, if any. Canonical text is made for others too: then it is theirs. */
function ledgerFile(stack: readonly Frame[]): string | undefined {
  const files = stack.flatMap(({ url }) => /\/src\/ledger\/([\w-]+)\.ts$/.exec(url)?.[1] ?? [])
  return files.some((file) => file !== 'canonical') ? files[0] : undefined
}

function mean(rows: readonly Row[]): number {
  return rows.reduce((total, { per_s }) => total + per_s, 0) / rows.length
}

function rounded(share: number): number {
  return Number(share.toFixed(3))
}
