/**
 * The Merkle tree of the whole log (RFC 6962): leaf n is the hash of the journal entry with sequence n + 1.
 * A tree that only grows is kept as its frontier: the roots of the perfect subtrees it is made of, largest first.
 * Their sizes are the binary digits of the tree's size, so nothing else needs to be remembered.
 */
import { sha256 } from './hash.ts'

export interface Frontier {
  readonly size: number
  /** Largest subtree first, 64 hex digits each. */
  readonly roots: readonly string[]
}

export const EMPTY_TREE: Frontier = { size: 0, roots: [] }

export function appended(frontier: Frontier, entryHashes: readonly string[]): Frontier {
  const roots = [...frontier.roots]
  let size = frontier.size
  for (const entryHash of entryHashes) {
    let root = leafHash(entryHash)
    // Each trailing one of the old size is a subtree as large as the one in hand: they join.
    for (let digits = size; digits % 2 === 1; digits = Math.floor(digits / 2))
      root = nodeHash(roots.pop() as string, root)
    roots.push(root)
    size += 1
  }
  return { size, roots }
}

export function rootOf(frontier: Frontier): string {
  const last = frontier.roots.at(-1)
  if (last === undefined) return sha256('')
  return frontier.roots.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last)
}

export function frontierText(frontier: Frontier): string {
  return `${frontier.size}:${frontier.roots.join(',')}`
}

export function frontierFrom(text: string): Frontier {
  const [size = '', roots = ''] = text.split(':')
  return { size: Number(size), roots: roots === '' ? [] : roots.split(',') }
}

const LEAF = Buffer.of(0)
const NODE = Buffer.of(1)

export function leafHash(entryHash: string): string {
  return sha256(Buffer.concat([LEAF, Buffer.from(entryHash, 'hex')]))
}

function nodeHash(left: string, right: string): string {
  return sha256(Buffer.concat([NODE, Buffer.from(left + right, 'hex')]))
}
