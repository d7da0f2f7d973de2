import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compilePattern } from '../../../machines/run/pattern.ts'

describe('a pattern (HR-5)', () => {
  test.each([
    ['rm\\s+-rf', 'sudo RM \t -rf /', true],
    ['rm\\s+-rf', 'rm-rf', false],
    ['\\bprod\\b', 'in prod.', true],
    ['\\bprod\\b', 'products', false],
    ['^drop', 'drop it', true],
    ['^drop', 'a drop', false],
    ['x{2,3}y', 'xxxxy', true],
    ['^x{2}$', 'xx', true],
    ['^x{2}$', 'xxx', false],
    ['^x{2,}$', 'xxxx', true],
    ['^x{2,}$', 'x', false],
    ['^x{2,3}$', 'xxxx', false],
    ['(?<verb>get|put) /(?:a|b)', 'PUT /b', true],
    ['[^\\]a]z', 'az', false],
    ['\\u{1f600}|\\ud83d\\ude80', 'a 🚀', true],
    ['', 'anything', true],
  ])('%s on "%s": %s', (source, text, found) => {
    expect(compilePattern(source).test(text)).toBe(found)
  })

  test('finds what JavaScript finds', () => {
    fc.assert(
      fc.property(expressions, texts, (source, text) => {
        expect(compilePattern(source).test(text)).toBe(new RegExp(source, 'iu').test(text))
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['(a|a)*b', '(x+x+)+y', '(a*)*$b'])('takes no longer for being written carelessly: %s', (source) => {
    expect(compilePattern(source).test('a'.repeat(5000))).toBe(false)
    expect(compilePattern(source).test('x'.repeat(5000))).toBe(false)
  })

  test.each(['(?=a)', '(?!a)', '(?<=a)', '(?<!a)', '(?i:a)', '(a)\\1', '(?<x>a)\\k<x>'])(
    'that cannot be searched in linear time is refused: %s',
    (source) => {
      expect(() => compilePattern(source)).toThrow('linear search cannot do')
    },
  )

  test('that is no regular expression, or grows without measure, is refused', () => {
    expect(() => compilePattern('(')).toThrow(SyntaxError)
    expect(() => compilePattern('(?:a{100}){100}')).toThrow(RangeError)
    expect(compilePattern('(?:){1000000000}').test('')).toBe(true)
  })
})

const atoms = [
  'a',
  'b',
  'é',
  'É',
  '\\s',
  '\\W',
  '\\w',
  '.',
  '[ab]',
  '[^a]',
  '\\b',
  '\\B',
  '^',
  '$',
  '\\u0062',
  '\\p{L}',
]
const counts = ['*', '+', '?', '*?', '{2}', '{1,3}', '{0,2}?', '{2,}']

const expressions = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...atoms),
    fc.tuple(tie('any'), tie('any')).map(([one, other]) => one + other),
    fc.tuple(tie('any'), tie('any')).map(([one, other]) => `(?:${one}|${other})`),
    fc.tuple(tie('any'), fc.constantFrom(...counts)).map(([one, count]) => `(${one})${count}`),
  ),
})).any

const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'é', ' ', '\n', '-', 'ſ'), maxLength: 8 })
