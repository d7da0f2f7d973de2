/**
 * `npm run paths` prints how much of each machine its generated paths cover, and writes those of the catalogue to
 * visualizations/paths.json, for pages that show a machine and the ways through it.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { catalogue } from '../../machines/index.ts'
import { statePaths } from '../../src/engine/persisted.ts'
import type { Coverage, Path } from './cover.ts'
import type { Goal } from './goals.ts'
import { coverages } from './subjects.ts'
import type { World } from './world.ts'

const FILE = new URL('../../visualizations/paths.json', import.meta.url)

const columns = ['machine', 'version', 'transitions', 'no of guards', 'paths', 'longest'] as const
const rows = coverages().map(rowOf)
const widths = columns.map((name) => Math.max(...[{ [name]: name }, ...rows].map((row) => (row[name] ?? '').length)))
for (const row of [Object.fromEntries(columns.map((name) => [name, name])), ...rows]) {
  process.stdout.write(`${columns.map((name, index) => (row[name] ?? '').padEnd(widths[index] ?? 0)).join('  ')}\n`)
}
for (const { stage, uncovered } of coverages()) {
  for (const { name } of uncovered) process.stdout.write(`not covered: ${stage.subject.machine.id}: ${name}\n`)
}

mkdirSync(new URL('.', FILE), { recursive: true })
const shown = coverages().filter(({ stage }) => catalogue.includes(stage.subject))
writeFileSync(FILE, `${JSON.stringify({ machines: shown.map(entryOf) }, null, 2)}\n`)

function rowOf({ stage, goals, uncovered, paths }: Coverage): Record<string, string> {
  const { id: machine, version = '' } = stage.subject.machine
  const share = (side: Goal['side']) => {
    const all = goals.filter((goal) => goal.side === side)
    return `${all.filter((goal) => !uncovered.includes(goal)).length}/${all.length}`
  }
  return {
    ...{ machine, version, transitions: share('taken'), 'no of guards': share('not taken') },
    ...{ paths: String(paths.length), longest: `${Math.max(0, ...paths.map(({ steps }) => steps.length))} steps` },
  }
}

function entryOf({ stage, goals, paths, uncovered }: Coverage) {
  const { id: machine, version } = stage.subject.machine
  const covered = goals.filter((goal) => !uncovered.includes(goal))
  return {
    ...{ machine, version },
    paths: paths.map((path) => ({ name: path.name, steps: stepsOf(path, stage.name) })),
    covered: covered.map(({ name }) => name),
    uncovered: uncovered.map(({ name }) => name),
  }
}

function stepsOf({ steps }: Path, subject: string) {
  return steps.map(({ happening, after, fired }) => ({
    event: happening.label,
    state_after: stateOf(after, subject),
    fired,
  }))
}

function stateOf({ members }: World, subject: string): string {
  const member = members[subject]
  return member ? statePaths(member.core.snapshot) : ''
}
