/**
 * Checks the record against itself: every entry's content, the chain of each instance, the seals with their roots,
 * links and signatures, and that replay gives what was recorded. It stops at the first doubt and names it.
 */
import { canonical } from '../ledger/canonical.ts'
import { entryHash, saltedHash } from '../ledger/entry.ts'
import { NO_HASH, sha256 } from '../ledger/hash.ts'
import { keyId, signatureHolds } from '../ledger/keys.ts'
import { type Seal, sealText } from '../ledger/seal.ts'
import { appended, EMPTY_TREE, frontierText, rootOf } from '../ledger/tree.ts'
import { readHead } from '../store/head.ts'
import { type InstanceRow, instancesByIds, instancesWithoutJournal } from '../store/instances.ts'
import { entriesAfter, entriesOf, type JournalRow, type PublicKey, sealsAfter, signingKeys } from '../store/journal.ts'
import type { Store } from '../store/store.ts'
import type { Catalogue } from './catalogue.ts'
import { naturalId } from './ids.ts'
import { tagsOf, toText } from './persisted.ts'
import { replayed } from './replay.ts'
import type { Resident } from './resident.ts'
import type { VerifyResult } from './types.ts'

const PAGE = 1_000

type Doubt = NonNullable<VerifyResult['broken_at']>
type Redacted = NonNullable<VerifyResult['redacted']>[number]

class Broken extends Error {
  readonly doubt: Doubt
  constructor(doubt: Doubt) {
    super(doubt.check)
    this.doubt = doubt
  }
}

/** The whole log, and that every instance rests as its own journal says. */
export async function verifyLog(store: Store, catalogue: Catalogue): Promise<VerifyResult> {
  const chains = new Map<string, InstanceChain>()
  return verified(async (found) => {
    await eachSealed(store, found, (entry) => {
      const chain = chains.get(entry.instance_id) ?? new InstanceChain(catalogue, entry.instance_id, found)
      chains.set(entry.instance_id, chain)
      chain.add(entry)
    })
    await checkHalt(store)
    const [stray] = await instancesWithoutJournal(store.db)
    if (stray) throw broken(null, stray, 'instance', 'a journal', 'none')
    for (const ids of pagesOf([...chains.keys()])) {
      const rows = new Map((await instancesByIds(store.db, ids)).map((row) => [row.instance_id, row]))
      for (const id of ids) await chains.get(id)?.rest(store, rows.get(id))
    }
  })
}

/** One instance: its entries, how it rests, and that the seals which cover them are those of the whole log. */
export async function verifyInstance(store: Store, catalogue: Catalogue, instance_id: string): Promise<VerifyResult> {
  return verified(async (found) => {
    const chain = new InstanceChain(catalogue, instance_id, found)
    const [row] = await instancesByIds(store.db, [instance_id])
    await chain.rest(store, row)
    await eachSealed(store, found, () => {})
  })
}

function* pagesOf(ids: readonly string[]): Generator<string[]> {
  for (let from = 0; from < ids.length; from += PAGE) yield ids.slice(from, from + PAGE)
}

// The flag and the orchestrator's own state move in one commit; apart, somebody moved one of them.
async function checkHalt(store: Store): Promise<void> {
  const { halted } = await readHead(store.db)
  const [row] = await instancesByIds(store.db, [naturalId('orchestrator')])
  if (row && (row.state === 'halted') !== halted && (await readHead(store.db)).halted === halted) {
    throw broken(null, row.instance_id, 'head.halted', String(row.state === 'halted'), String(halted))
  }
}

interface Found {
  entries: number
  seals: number
  redacted: Redacted[]
}

async function verified(check: (found: Found) => Promise<void>): Promise<VerifyResult> {
  const found: Found = { entries: 0, seals: 0, redacted: [] }
  const told = () => (found.redacted.length > 0 ? { redacted: found.redacted } : {})
  try {
    await check(found)
    return { valid: true, entries: found.entries, seals: found.seals, broken_at: null, ...told() }
  } catch (cause) {
    if (!(cause instanceof Broken)) throw cause
    return { valid: false, entries: found.entries, seals: found.seals, broken_at: cause.doubt, ...told() }
  }
}

// Walks entries and seals side by side, up to the head as it stands now.
async function eachSealed(store: Store, found: Found, visit: (entry: JournalRow) => void): Promise<void> {
  const head = await readHead(store.db)
  const keys = await signingKeys(store.db)
  let tree = EMPTY_TREE
  let link = NO_HASH
  let sequence = 1
  for (let number = 1; number <= head.number; ) {
    const seals = await sealsAfter(store.db, number - 1, PAGE)
    if (seals.length === 0) throw broken(null, null, 'seal', `seal ${number}`, 'none')
    for (const seal of seals.slice(0, head.number - number + 1)) {
      same(seal.first_sequence, null, 'seal.number', number, seal.number)
      same(seal.first_sequence, null, 'seal.first_sequence', sequence, seal.first_sequence)
      same(seal.first_sequence, null, 'seal.prev_hash', link, seal.prev_hash)
      const entries = await entriesWithin(store, seal)
      if (entries.length < seal.count)
        throw broken(missing(entries, sequence), null, 'seal.count', String(seal.count), String(entries.length))
      for (const entry of entries) {
        same(sequence, entry.instance_id, 'sequence', sequence, entry.sequence)
        same(sequence, entry.instance_id, 'hash', contentHash(entry), entry.hash)
        visit(entry)
        sequence += 1
      }
      tree = appended(
        tree,
        entries.map(({ hash }) => hash),
      )
      same(seal.first_sequence, null, 'seal.root', rootOf(tree), seal.root)
      checkSignatures(seal, keys)
      link = seal.hash
      number += 1
      found.seals += 1
    }
  }
  same(null, null, 'head.hash', link, head.hash)
  same(null, null, 'head.next_sequence', sequence, head.next_sequence)
  same(null, null, 'head.frontier', frontierText(tree), head.frontier)
  const [beyond] = await entriesAfter(store.db, { after: head.next_sequence - 1, limit: 1 })
  if (beyond && (await readHead(store.db)).number === head.number) {
    throw broken(beyond.sequence, beyond.instance_id, 'unsealed entry', 'none', beyond.hash)
  }
}

async function entriesWithin(store: Store, { first_sequence, count }: Seal): Promise<JournalRow[]> {
  const rows = await entriesAfter(store.db, { after: first_sequence - 1, limit: count })
  return rows.filter(({ sequence }) => sequence < first_sequence + count)
}

function missing(entries: readonly JournalRow[], first: number): number {
  const gap = entries.findIndex((entry, index) => entry.sequence !== first + index)
  return first + (gap === -1 ? entries.length : gap)
}

function checkSignatures(seal: Seal, keys: ReadonlyMap<string, PublicKey>): void {
  const text = sealText(seal)
  same(seal.first_sequence, null, 'seal.hash', sha256(text), seal.hash)
  for (const [what, key_id, signature, purpose] of [
    ['seal.signature', seal.key_id, seal.signature, 'writer'],
    ['seal.witness_signature', seal.witness_id, seal.witness_signature, 'witness'],
  ] as const) {
    const key = keys.get(key_id)
    const named = key && keyId(key.public_key) === key_id && key.purpose === purpose
    if (!named) throw broken(seal.first_sequence, null, what, `the key of a ${purpose}`, key_id)
    if (!signatureHolds(key.public_key, text, signature)) {
      throw broken(seal.first_sequence, null, what, `a signature of ${key_id}`, signature)
    }
  }
}

class InstanceChain {
  readonly #catalogue: Catalogue
  readonly #instance_id: string
  readonly #found: Found
  #last: JournalRow | undefined
  #resident: Resident | null = null
  #replayable = true

  constructor(catalogue: Catalogue, instance_id: string, found: Found) {
    this.#catalogue = catalogue
    this.#instance_id = instance_id
    this.#found = found
  }

  add(entry: JournalRow): void {
    const { sequence, instance_id, salt } = entry
    const expect = (check: string, expected: unknown, actual: unknown) =>
      same(sequence, instance_id, check, expected, actual)
    expect('revision', (this.#last?.revision ?? 0) + 1, entry.revision)
    expect('prev_hash', this.#last?.hash ?? NO_HASH, entry.prev_hash)
    expect('hash', contentHash(entry), entry.hash)
    this.#last = entry
    this.#found.entries += 1
    if (entry.event === null || salt === null) {
      this.#replayable = false
      this.#found.redacted.push({ instance_id, revision: entry.revision, by: entry.redacted_by ?? '' })
      return
    }
    expect('event_hash', saltedHash(salt, canonical(entry.event)), entry.event_hash)
    // A chart this server does not have cannot be replayed here; that is no doubt about the record.
    if (!this.#resident && !this.#catalogue.version(entry.machine, entry.version)) this.#replayable = false
    if (!this.#replayable) return
    try {
      this.#resident = replayed(this.#catalogue, this.#resident, entry)
    } catch (cause) {
      throw broken(sequence, instance_id, 'replay', 'a step', String(cause))
    }
    expect('state_after', this.#resident.state, entry.state_after)
    expect('snapshot_hash', saltedHash(salt, toText(this.#resident.core)), entry.snapshot_hash)
  }

  /** Compares how the instance rests with what its entries come to; reads those that came since. */
  async rest(store: Store, row: InstanceRow | undefined): Promise<void> {
    for (let more = true; row && more; ) {
      const from = (this.#last?.revision ?? 0) + 1
      const limit = Math.min(PAGE, row.revision - from + 1)
      const entries = limit > 0 ? await entriesOf(store.db, this.#instance_id, from, limit) : []
      for (const entry of entries) this.add(entry)
      more = entries.length > 0
    }
    const last = this.#last
    const expect = (check: string, expected: unknown, actual: unknown) =>
      same(last?.sequence ?? null, this.#instance_id, `instance.${check}`, expected, actual)
    if (!last) throw broken(null, this.#instance_id, 'journal', 'entries', 'none')
    if (!row) throw broken(last.sequence, this.#instance_id, 'instance', 'a row', 'none')
    expect('revision', last.revision, row.revision)
    expect('last_hash', last.hash, row.last_hash)
    expect('state', last.state_after, row.state)
    expect('machine', `${last.machine} ${last.version}`, `${row.machine} ${row.version}`)
    expect('tenant', last.tenant, row.tenant)
    if (last.salt !== null) expect('snapshot', last.snapshot_hash, saltedHash(last.salt, canonical(row.snapshot)))
    if (!this.#replayable || !this.#resident) return
    const { title, attributes, status, input, parent_id, core } = this.#resident
    expect('input', canonical(input), canonical(row.input))
    expect('status', status, row.status)
    expect('title', title, row.title)
    expect('attributes', canonical(attributes), canonical(row.attributes))
    expect('tags', canonical(tagsOf(core.snapshot)), canonical(row.tags))
    expect('parent_id', parent_id, row.parent_id)
  }
}

function contentHash(row: JournalRow): string {
  return entryHash({ ...row, at: row.at.toISOString() })
}

function same(
  sequence: number | null,
  instance_id: string | null,
  check: string,
  expected: unknown,
  actual: unknown,
): void {
  if (expected !== actual) throw broken(sequence, instance_id, check, String(expected), String(actual))
}

function broken(
  sequence: number | null,
  instance_id: string | null,
  check: string,
  expected: string,
  actual: string,
): Broken {
  return new Broken({ sequence, instance_id, check, expected, actual })
}
