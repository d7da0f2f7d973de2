/** What the record must say of a path that was played: every step of every instance, in order, and that it holds. */
import { expect } from 'vitest'
import type { Path } from './cover.ts'
import { journalText } from './goals.ts'
import type { Host } from './host.ts'
import { nobody } from './world.ts'

const ALL = 1_000

export async function checkRecord(host: Host, { steps }: Path): Promise<void> {
  const { members, by } = steps.at(-1)?.after ?? nobody
  const log = steps.flatMap(({ after }) => after.log).filter(({ recorded }) => recorded)
  for (const { name, instance_id } of Object.values(members)) {
    const wanted = log.filter((stepped) => stepped.instance_id === instance_id)
    const entries = await host.engine.journal(by.tenant, host.id(name), 1, ALL)
    expect(
      entries.map(({ event, fired }) => ({ type: event?.type, fired })),
      name,
    ).toEqual(wanted.map(({ event, fired }) => ({ type: event.type, fired: fired.map(journalText) })))
    expect(entries.map(({ revision }) => revision)).toEqual(entries.map((_, index) => index + 1))
    expect(await host.engine.verifyInstance(by.tenant, host.id(name))).toMatchObject({ valid: true, broken_at: null })
  }
}
