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

const columns = ['machine', 'version', 'transitions', 'guards saying no', 'paths', 'longest']
const rows = [columns, ...coverages().map(rowOf)]
const widths = columns.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
for (const row of rows) print(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
for (const { stage, uncovered } of coverages()) {
  for (const { name } of uncovered) print(`not covered: ${stage.subject.machine.id}: ${name}`)
}

mkdirSync(new URL('.', FILE), { recursive: true })
const shown = coverages().filter(({ stage }) => catalogue.includes(stage.subject))
writeFileSync(FILE, `${JSON.stringify({ machines: shown.map(entryOf) }, null, 2)}\n`)

function print(line: string): void {
  process.stdout.write(`${line.trimEnd()}\n`)
}

function rowOf({ stage, goals, uncovered, paths }: Coverage): string[] {
  const { id: machine, version = '' } = stage.subject.machine
  const share = (side: Goal['side']) => {
    const all = goals.filter((goal) => goal.side === side)
    return `${all.filter((goal) => !uncovered.includes(goal)).length}/${all.length}`
  }
  const longest = Math.max(0, ...paths.map(({ steps }) => steps.length))
  return [machine, version, share('taken'), share('not taken'), String(paths.length), `${longest} steps`]
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
