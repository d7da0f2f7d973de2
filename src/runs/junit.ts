/** Reads JUnit reports of any runner (JU-1 to JU-6): the same parser for what a runner measured and what evidence says. */
import { readFile, stat } from 'node:fs/promises'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import type { EvidenceSummary, FailedTest } from '../../machines/run/evidence.ts'

const LARGEST_BYTES = 20 * 1024 * 1024
const FAILED_TESTS_KEPT = 50
const TEXT_KEPT = 200

export interface JunitReport {
  readonly summary: EvidenceSummary
  readonly failed_tests: readonly FailedTest[]
}

type Attribute = 'tests' | 'failures' | 'errors' | 'skipped' | 'time'
type Counts = Readonly<Record<Attribute, number>>

/** An element as the parser gives it: attributes are strings, children lists of elements, text is under `#text`. */
type Element = Readonly<Record<string, unknown>>

const none: Counts = { tests: 0, failures: 0, errors: 0, skipped: 0, time: 0 }

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: false,
  parseTagValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  // Only those every document has and character numbers: a document that declares its own is not parsed at all.
  processEntities: true,
  htmlEntities: true,
  isArray: (_tag, _path, _leaf, isAttribute) => !isAttribute,
})

/** JU-1: what is missing, unreadable, blank or too large reads as no tests; nothing is thrown. */
export async function readJunit(path: string): Promise<JunitReport> {
  const file = await stat(path).catch(() => undefined)
  if (file === undefined || !file.isFile() || file.size > LARGEST_BYTES) return report(none)
  return parseJunit(await readFile(path, 'utf8').catch(() => ''))
}

export function parseJunit(text: string): JunitReport {
  if (text.trim() === '') return report(none)
  const root = rootOf(text)
  if (root === undefined) return report(countsByPattern(text), { partial: true })
  return report(countsOf(root), { failed_tests: failedTests(root.element) })
}

function report(counts: Counts, more: { partial?: boolean; failed_tests?: readonly FailedTest[] } = {}): JunitReport {
  const { tests, failures, errors, skipped, time } = counts
  const passed = Math.max(0, tests - failures - errors - skipped)
  return {
    summary: { tests, failures, errors, skipped, time, passed, partial: more.partial ?? false },
    failed_tests: more.failed_tests ?? [],
  }
}

interface Root {
  readonly tag: string
  readonly element: Element
}

/** Undefined when the text is not well-formed, or declares a document type: entities could then be anything. */
function rootOf(text: string): Root | undefined {
  if (text.includes('<!DOCTYPE') || XMLValidator.validate(text) !== true) return undefined
  try {
    for (const [tag, element] of elementsIn(parser.parse(text))) return { tag, element }
  } catch {
    // The parser has limits of its own, on depth for one; what passes them is damaged to us.
  }
  return undefined
}

/** JU-2. */
function countsOf({ tag, element }: Root): Counts {
  if (tag === 'testsuite') return countsIn(element)
  if (tag === 'testsuites') return countsOfSuites(element)
  const suite = firstSuite(element)
  return suite === undefined ? none : countsIn(suite)
}

/** JU-3: what the root says counts, and what it leaves out is summed. */
function countsOfSuites(root: Element): Counts {
  const suites = childrenOf(root, 'testsuite').map(countsIn)
  const total = (attribute: Attribute) => suites.reduce((sum, suite) => sum + suite[attribute], 0)
  const isTold = (attribute: Attribute) =>
    root.tests !== undefined && (root[attribute] !== undefined || (attribute === 'skipped' && root.skip !== undefined))
  const own = countsIn(root)
  const counted = (attribute: Attribute) => (isTold(attribute) ? own[attribute] : total(attribute))
  return {
    tests: counted('tests'),
    failures: counted('failures'),
    errors: counted('errors'),
    skipped: counted('skipped'),
    time: counted('time'),
  }
}

/** JU-4. */
function countsIn(element: Element): Counts {
  return {
    tests: whole(element.tests),
    failures: whole(element.failures),
    errors: whole(element.errors),
    skipped: whole(element.skipped) || whole(element.skip),
    time: decimal(element.time),
  }
}

/** JU-5. */
function countsByPattern(text: string): Counts {
  const first = (attribute: Attribute) => new RegExp(`\\b${attribute}="([^"]*)"`).exec(text)?.[1]
  return {
    tests: whole(first('tests')),
    failures: whole(first('failures')),
    errors: whole(first('errors')),
    skipped: whole(first('skipped')),
    time: decimal(first('time')),
  }
}

/** Digits and nothing else: `Number` would take an empty text for zero. */
function whole(text: unknown): number {
  return typeof text === 'string' && /^\d{1,9}$/.test(text.trim()) ? Number(text) : 0
}

function decimal(text: unknown): number {
  return typeof text === 'string' && /^\d{1,9}(\.\d+)?(e-?\d{1,2})?$/i.test(text.trim()) ? Number(text) : 0
}

function firstSuite(element: Element): Element | undefined {
  for (const [tag, child] of elementsIn(element)) {
    const suite = tag === 'testsuite' ? child : firstSuite(child)
    if (suite !== undefined) return suite
  }
  return undefined
}

function failedTests(root: Element): readonly FailedTest[] {
  const failed: FailedTest[] = []
  for (const test of testcases(root)) {
    const problem = childrenOf(test, 'failure')[0] ?? childrenOf(test, 'error')[0]
    if (problem === undefined) continue
    failed.push({ classname: cut(test.classname), name: cut(test.name), message: cut(firstLine(problem)) })
    if (failed.length === FAILED_TESTS_KEPT) break
  }
  return failed
}

function* testcases(element: Element): Generator<Element> {
  for (const [tag, child] of elementsIn(element)) {
    if (tag === 'testcase') yield child
    else yield* testcases(child)
  }
}

function firstLine({ message, '#text': text }: Element): string {
  const said = [message, text].find((part) => typeof part === 'string' && part.trim() !== '')
  return typeof said === 'string' ? (said.trim().split('\n', 1)[0] ?? '') : ''
}

function cut(text: unknown): string {
  return typeof text === 'string' ? text.slice(0, TEXT_KEPT).toWellFormed() : ''
}

function childrenOf(element: Element, tag: string): readonly Element[] {
  return [...elementsIn(element)].filter(([name]) => name === tag).map(([, child]) => child)
}

function* elementsIn(element: Element): Generator<[tag: string, element: Element]> {
  for (const [tag, children] of Object.entries(element)) {
    if (!Array.isArray(children)) continue
    // An element without attributes and children comes as its text.
    for (const child of children) yield [tag, typeof child === 'object' ? child : { '#text': String(child) }]
  }
}
