import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Evidence, evidenceSchema } from '../../machines/run/evidence.ts'
import { Terminal } from '../engine/types.ts'
import { canonical } from '../ledger/canonical.ts'
import { sha256 } from '../ledger/hash.ts'

/** EV-8: bounded by construction, so more than this is a fault and no reason to leave something out. */
const LARGEST_BYTES = 512 * 1024

export interface WrittenEvidence {
  readonly evidence: Evidence
  /** Of the file, byte for byte. */
  readonly evidence_sha256: string
  /** Relative to the artifacts' root. */
  readonly report_path: string
}

/**
 * Writes the evidence of a run once, whole or not at all. Another delivery of the same effect may have been here
 * before: what it wrote stays, if it states the same facts. A file that states others was put there by the tool, and
 * does not stay.
 */
export async function writeEvidence(artifacts_root: string, evidence: Evidence): Promise<WrittenEvidence> {
  const report_path = `${evidence.run_id}/evidence.json`
  const path = join(artifacts_root, report_path)
  const text = `${JSON.stringify(evidence, null, 2)}\n`
  const size = Buffer.byteLength(text)
  if (size > LARGEST_BYTES) throw new Terminal(`The evidence is ${size} bytes long, ${LARGEST_BYTES} are the limit`)

  await mkdir(dirname(path), { recursive: true })
  const temporary = await durable(`${path}.${randomUUID()}`, text)
  try {
    // Unlike a rename, a link never takes the place of what is there.
    if (await linked(temporary, path)) return { evidence, evidence_sha256: sha256(text), report_path }
    const earlier = await readEvidence(path)
    if (earlier !== null && factsOf(earlier.evidence) === factsOf(evidence)) return { ...earlier, report_path }
    await rename(temporary, path)
    return { evidence, evidence_sha256: sha256(text), report_path }
  } finally {
    await rm(temporary, { force: true })
    await synced(dirname(path))
  }
}

async function readEvidence(path: string): Promise<Omit<WrittenEvidence, 'report_path'> | null> {
  try {
    const text = await readFile(path, 'utf8')
    return { evidence: evidenceSchema.parse(JSON.parse(text)), evidence_sha256: sha256(text) }
  } catch {
    return null
  }
}

/** All but when it was collected, which differs from one delivery to the next. */
function factsOf(evidence: Evidence): string {
  return canonical({ ...evidence, collected_at: null })
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw fault
  }
}

async function durable(path: string, text: string): Promise<string> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  return path
}

/** A name is as durable as the directory it stands in. */
async function synced(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
