/**
 * The high-risk check: does what is asked, or what the tool is about to do, touch anything the policy wants a human
 * to look at? Keywords are compared with whole words, patterns are searched anywhere.
 */
import { builtInPolicy } from './built-in-policy.ts'
import { compilePattern } from './pattern.ts'
import type { PolicyConfig } from './policy.ts'

type Lists = Pick<PolicyConfig, 'high_risk_keywords' | 'high_risk_patterns'>

/** HR-4: reported before any other match, in this order. */
const reportedFirst = ['production', 'prod', 'delete', 'drop', 'truncate']

const SEARCHED_CHARACTERS = 64 * 1024

// Script_Extensions rather than Script: the prolonged sound mark of kana belongs to no script of its own.
const spaceless = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar']
  .map((script) => `\\p{Script_Extensions=${script}}`)
  .join('')
const hasSpaceless = new RegExp(`[${spaceless}]`, 'u')
/** HR-2: letters, digits and underscore of any script that puts spaces between its words. */
const word = new RegExp(`[[\\p{L}\\p{N}_]--[${spaceless}]]+`, 'gv')

/**
 * The keyword found in any of the texts, or `pattern:<source>`, or null (HR-1 to HR-7).
 * The built-in lists serve only a call that names no policy (HR-6).
 */
export function highRisk(texts: readonly string[], policy: Lists = builtInPolicy): string | null {
  const read = texts.map(comparable)
  return keywordIn(read, policy.high_risk_keywords) ?? patternIn(read, policy.high_risk_patterns)
}

/** HR-1. */
function comparable(text: string): string {
  return text.normalize('NFKC').toLowerCase()
}

/** HR-4. */
function keywordIn(texts: readonly string[], keywords: readonly string[]): string | null {
  const read = texts.map((text) => ({ text, words: words(text) }))
  const found = keywords.filter((keyword) => {
    const wanted = comparable(keyword)
    return read.some(({ text, words }) => matches(wanted, text, words))
  })
  return reportedFirst.find((keyword) => found.includes(keyword)) ?? found[0] ?? null
}

/** HR-3: a script without spaces has no words to compare, so there the keyword may stand anywhere. */
function matches(keyword: string, text: string, textWords: readonly string[]): boolean {
  return hasSpaceless.test(keyword) ? text.includes(keyword) : follow(words(keyword), textWords)
}

function words(text: string): readonly string[] {
  return text.match(word) ?? []
}

function follow(wanted: readonly string[], all: readonly string[]): boolean {
  if (wanted.length === 0) return false
  return all.some((_, start) => wanted.every((one, offset) => all[start + offset] === one))
}

/** HR-5. */
function patternIn(texts: readonly string[], patterns: readonly string[]): string | null {
  const bounded = texts.map((text) => text.slice(0, SEARCHED_CHARACTERS))
  const found = patterns.find((source) => {
    const pattern = compilePattern(source)
    return bounded.some((text) => pattern.test(text))
  })
  return found === undefined ? null : `pattern:${found}`
}
