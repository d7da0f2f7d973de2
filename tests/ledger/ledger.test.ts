/** The ledger's parts against their standards. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonical } from '../../src/ledger/canonical.ts'
import { sha256 } from '../../src/ledger/hash.ts'
import { passingKey, signatureHolds } from '../../src/ledger/keys.ts'
import { sealed, sealText } from '../../src/ledger/seal.ts'
import { appended, EMPTY_TREE, frontierFrom, frontierText, leafHash, rootOf } from '../../src/ledger/tree.ts'

describe('canonical JSON', () => {
  test('orders keys by UTF-16 code units and writes numbers as ECMAScript does (RFC 8785)', () => {
    const value = {
      '\u20ac': 'Euro',
      '\r': 'CR',
      '\ufb33': 'Dalet',
      1: 'One',
      '\u{1f600}': 'Smile',
      '\u0080': 'Control',
      ö: 'o',
    }
    expect(Object.keys(JSON.parse(canonical(value)) as object)).toContain('1')
    expect(canonical(value)).toBe(
      '{"\\r":"CR","1":"One","\u0080":"Control","ö":"o","€":"Euro","😀":"Smile","\ufb33":"Dalet"}',
    )
    expect(canonical([333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, -0])).toBe(
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
    )
  })

  test('is the same whatever order keys were written in, and parses back to the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonical(value)
        expect(canonical(JSON.parse(text))).toBe(text)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  test('leaves out what is undefined and refuses what has no JSON form', () => {
    expect(canonical({ a: undefined, b: [undefined] })).toBe('{"b":[null]}')
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, () => 0, Symbol('s')])
      expect(() => canonical({ value })).toThrow('no JSON form')
  })
})

describe('the tree of the log', () => {
  const entries = (count: number) => Array.from({ length: count }, (_, i) => sha256(`entry ${i}`))

  /** The definition of RFC 6962, word for word: split at the largest power of two below the size. */
  function rootByDefinition(hashes: readonly string[]): string {
    if (hashes.length === 0) return sha256('')
    if (hashes.length === 1) return leafHash(hashes[0] as string)
    let split = 1
    while (split * 2 < hashes.length) split *= 2
    const halves = rootByDefinition(hashes.slice(0, split)) + rootByDefinition(hashes.slice(split))
    return sha256(Buffer.concat([Buffer.of(1), Buffer.from(halves, 'hex')]))
  }

  test('has the root of RFC 6962 at every size', () => {
    let tree = EMPTY_TREE
    for (let size = 0; size <= 70; size++) {
      expect(rootOf(tree), `size ${size}`).toBe(rootByDefinition(entries(size)))
      tree = appended(tree, entries(size + 1).slice(-1))
    }
  })

  test('does not depend on how entries were batched, nor on being stored in between', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 20 }), (batches) => {
        const all = entries(batches.reduce((sum, size) => sum + size, 0))
        let tree = EMPTY_TREE
        let from = 0
        for (const size of batches) {
          tree = appended(frontierFrom(frontierText(tree)), all.slice(from, from + size))
          from += size
        }
        expect(rootOf(tree)).toBe(rootOf(appended(EMPTY_TREE, all)))
        expect(tree.size).toBe(all.length)
      }),
    )
  })
})

test('a seal is signed by two keys, and neither signature holds for another text', () => {
  const [writer, witness] = [passingKey('writer'), passingKey('witness')]
  const seal = sealed({ number: 1, first_sequence: 1, count: 2, root: 'r', prev_hash: 'p' }, writer, witness)
  expect(signatureHolds(writer.public_key, sealText(seal), seal.signature)).toBe(true)
  expect(signatureHolds(witness.public_key, sealText(seal), seal.witness_signature)).toBe(true)
  expect(signatureHolds(writer.public_key, sealText(seal), seal.witness_signature)).toBe(false)
  expect(signatureHolds(writer.public_key, sealText({ ...seal, count: 3 }), seal.signature)).toBe(false)
})
