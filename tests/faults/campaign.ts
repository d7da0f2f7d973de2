/**
 * A campaign: one kind of fault, again and again, under load; then the look at what is there.
 *
 *   servers ─▶ load ─▶ strike, strike, … ─▶ load ends ─▶ checks over REST ─▶ servers end ─▶ nothing is left
 */
import { check, getFrom } from './checks.ts'
import type { Fleet } from './fleet.ts'
import type { Ground } from './ground.ts'
import { type Acknowledged, type Load, startLoad } from './load.ts'

export interface Campaign {
  readonly name: string
  run(terms: Terms): Promise<Report>
}

export interface Terms {
  /** No strike begins later (ms since 1970). */
  readonly until: number
  readonly clients: number
  /** Kills of a campaign that counts them instead. */
  readonly kills: number
  readonly random: () => number
}

export type Report =
  | { readonly figures: string; readonly wrong: readonly string[] }
  /** Why this machine cannot. */
  | { readonly not_run: string }

/** Takes down what should not have happened. */
export type Complain = (wrong: string) => void

export interface Plan {
  readonly fleet: Fleet
  readonly ground: Ground
  readonly strike: (load: Load, complain: Complain) => Promise<void>
  /** Effects that are still leased once the servers have stopped. */
  readonly leases: () => Promise<number>
  /** How a run may end here. */
  readonly ends?: readonly string[]
  /** What else was acknowledged. */
  readonly besides?: Acknowledged
  /** What else must hold, asked while the servers run; answers with what does not. */
  readonly also?: (load: Load) => Promise<readonly string[]>
}

export async function underLoad(terms: Terms, plan: Plan): Promise<{ figures: string; wrong: readonly string[] }> {
  const { fleet, ground, strike, leases, ends, besides, also } = plan
  const load = startLoad({ urls: fleet.urls, ...terms })
  const wrong: string[] = []
  const complain = (what: string) => wrong.push(what)
  const broken = (cause: unknown) => complain(cause instanceof Error ? cause.message : String(cause))
  let strikes = 0
  try {
    for (; Date.now() < terms.until; strikes++) await strike(load, complain)
  } catch (cause) {
    broken(cause)
  }
  await load.stop().catch(broken)
  wrong.push(...((await also?.(load)) ?? []))
  const runs = new Map([...load.runs, ...(besides?.runs ?? [])])
  const decided = new Set([...load.decided, ...(besides?.decided ?? [])])
  wrong.push(...(await check(getFrom(fleet.urls[0] as string), { runs, decided, ...(ends ? { ends } : {}) })))
  wrong.push(...(await stopped({ fleet, ground, leases })))
  return {
    figures: [
      `${strikes} strikes (${fleet.kills} kills)`,
      `${runs.size} runs, ${decided.size} approvals`,
      `${load.requests} requests of which ${load.repeats} were repeats${said(load)}`,
    ].join(', '),
    wrong,
  }
}

/** Ends the servers; answers with what they left. */
export async function stopped({ fleet, ground, leases }: Pick<Plan, 'fleet' | 'ground' | 'leases'>): Promise<string[]> {
  const codes = await fleet.stop()
  const left = await ground.processes()
  const leased = await leases()
  return [
    ...(codes.some((code) => code !== 0) ? [`servers ended with ${codes.join(', ')}`] : []),
    ...(left.length > 0 ? [`processes are left: ${left.join(', ')}`] : []),
    ...(leased > 0 ? [`${leased} effects are still leased`] : []),
  ]
}

function said({ refusals }: Load): string {
  if (refusals.size === 0) return ''
  const counts = [...refusals].sort().map(([code, count]) => `${count} ${code === '' ? 'without an answer' : code}`)
  return ` (${counts.join(', ')})`
}
