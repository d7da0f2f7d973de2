/**
 * `npm run lock` writes machines/lock.json: the structural hash of every version of every machine. Versions that are
 * there already keep their hash; one whose chart has changed since is refused, because instances live on it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { catalogue } from '../machines/index.ts'
import { catalogueOf } from './engine/catalogue.ts'

export type Lock = Record<string, Record<string, string>>

export const LOCK_PATH = new URL('../machines/lock.json', import.meta.url)

export function lockOfCatalogue(): Lock {
  const lock: Lock = {}
  for (const { name, version, structural_hash } of catalogueOf(catalogue).all) {
    lock[name] = { ...lock[name], [version]: structural_hash }
  }
  return lock
}

/** What keeps the new lock from replacing the old: charts that changed without a new version. */
export function changedCharts(old: Lock, now: Lock): string[] {
  return Object.entries(now).flatMap(([name, versions]) =>
    Object.entries(versions)
      .filter(([version, hash]) => old[name]?.[version] !== undefined && old[name][version] !== hash)
      .map(
        ([version]) =>
          `${name} ${version} has changed: give the new chart a new version and keep the old one beside it`,
      ),
  )
}

export function readLock(): Lock {
  return JSON.parse(readFileSync(LOCK_PATH, 'utf8')) as Lock
}

if (import.meta.main) {
  const now = lockOfCatalogue()
  const changed = changedCharts(readLock(), now)
  if (changed.length > 0 && !process.argv.includes('--unreleased')) {
    process.stderr.write(`${changed.join('\n')}\n`)
    process.exitCode = 1
  } else {
    writeFileSync(LOCK_PATH, `${JSON.stringify(now, null, 2)}\n`)
  }
}
