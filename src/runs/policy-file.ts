/**
 * The policy file of a server: read once, kept, read again on request. Reading never throws (PL-3): whatever is wrong
 * with the file is answered beside the policy that is in force meanwhile.
 */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMap, isScalar, parseDocument } from 'yaml'
import type { ZodError } from 'zod'
import { builtInPolicy } from '../../machines/run/built-in-policy.ts'
import { type LoadedPolicy, type PolicyConfig, policySchema } from '../../machines/run/policy.ts'
import { canonical } from '../ledger/canonical.ts'
import { sha256 } from '../ledger/hash.ts'

const shippedPath = fileURLToPath(new URL('./policies/default.yaml', import.meta.url))

/** `fallback`: the built-in policy, for want of a file that can be used. `stale`: the last good one, since a reload failed. */
type PolicyStatus = 'current' | 'fallback' | 'stale'

export interface PolicyState extends LoadedPolicy {
  readonly status: PolicyStatus
  /** What is wrong with the file, or null. */
  readonly problem: string | null
  /** Somebody asked for this very file: with a problem at start-up the server must not start (PL-4). */
  readonly configured: boolean
}

/** Where a policy may come from, first that is given (PL-1); else the one that is shipped. */
export interface PolicyPlaces {
  readonly path?: string | undefined
  /** The value of POLICY_PATH. */
  readonly variable?: string | undefined
}

export class PolicyFile {
  readonly #path: string
  readonly #configured: boolean
  #state: PolicyState | undefined

  constructor({ path, variable }: PolicyPlaces = {}) {
    const given = path ?? variable
    this.#path = given ?? shippedPath
    this.#configured = given !== undefined
  }

  /** The policy in force. Whoever holds the answer keeps it, whatever is loaded later (PL-7). */
  current(): PolicyState {
    this.#state ??= this.#read()
    return this.#state
  }

  /** Reads the file again; one that cannot be used leaves the last good policy in force (PL-4). */
  reload(): PolicyState {
    const before = this.#state
    const read = this.#read()
    const hasGood = before !== undefined && before.status !== 'fallback'
    this.#state = read.problem !== null && hasGood ? { ...before, status: 'stale', problem: read.problem } : read
    return this.#state
  }

  /** Forgets what was read: the next answer is read anew. */
  clear(): void {
    this.#state = undefined
  }

  #read(): PolicyState {
    const name = basename(this.#path)
    const read = readPolicy(this.#path)
    const configured = this.#configured
    if ('policy' in read) return { ...loaded(read.policy, name), status: 'current', problem: null, configured }
    const problem = `Policy file ${name} ${read.problem}`
    return { ...loaded(builtInPolicy, 'built-in'), status: 'fallback', problem, configured }
  }
}

/** PL-8: of the effective policy, defaults included. */
function loaded(policy: PolicyConfig, source: string): LoadedPolicy {
  const policy_hash = sha256(canonical(policy))
  const policy_meta = {
    version: policy.version,
    hash: policy_hash.slice(0, 16),
    high_risk_keywords_count: policy.high_risk_keywords.length,
    high_risk_patterns_count: policy.high_risk_patterns.length,
  }
  return { policy, policy_meta, policy_hash, source }
}

type Read = { readonly policy: PolicyConfig } | { readonly problem: string }

function readPolicy(path: string): Read {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (fault) {
    // The code without the message: that one would tell where on the machine the file was looked for.
    return { problem: `cannot be read (${(fault as NodeJS.ErrnoException).code})` }
  }
  const written = valueIn(text)
  if ('problem' in written) return written
  const parsed = policySchema.safeParse(written.value)
  return parsed.success ? { policy: parsed.data } : { problem: `is not a policy: ${issuesIn(parsed.error)}` }
}

function valueIn(text: string): { readonly value: unknown } | { readonly problem: string } {
  const document = parseDocument(text, { version: '1.2', uniqueKeys: true })
  const problems = [...document.errors, ...document.warnings].map(({ message }) => message.split('\n', 1)[0])
  if (problems.length > 0) return { problem: `is not YAML: ${problems.join('; ')}` }
  // `version: 1.0` is a number to YAML, which would print it as 1.
  const version = isMap(document.contents) ? document.get('version', true) : undefined
  if (isScalar(version) && typeof version.value === 'number') version.value = version.source
  try {
    return { value: document.toJS() ?? {} }
  } catch (fault) {
    // Aliases that multiply beyond reason.
    return { problem: `is not YAML: ${(fault as Error).message}` }
  }
}

/** PL-5: each by the path of its key. */
function issuesIn(error: ZodError): string {
  return error.issues
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `${[...issue.path, key].join('.')}: unknown key`)
        : [`${issue.path.join('.') || 'the file'}: ${issue.message}`],
    )
    .join('; ')
}
