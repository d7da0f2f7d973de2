/**
 * A real engine on a real store that a path is played on: what happens in the path happens here too, and afterwards
 * every instance must be where its likeness in the path's world is.
 *
 * Everything can be played again: requests carry keys, work ends as it has ended before. So when an engine dies, its
 * heir goes on with the step that was under way.
 */
import { expect } from 'vitest'
import { catalogueOf } from '../../src/engine/catalogue.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import type { InstanceView, RequestKey } from '../../src/engine/types.ts'
import { passingKey } from '../../src/ledger/keys.ts'
import type { Store } from '../../src/store/store.ts'
import { fakeClock } from '../support/clock.ts'
import { keptLog } from '../support/log.ts'
import { breakInstance } from './break-instance.ts'
import type { Path, PathStep } from './cover.ts'
import { type Happening, inputOf } from './happening.ts'
import { likenessOfMember, likenessOfView, translated } from './likeness.ts'
import type { Stage } from './stage.ts'
import type { Workers } from './workers.ts'
import { type Member, nobody, type World } from './world.ts'

/** What outlives an engine besides the database: all that its clients and the world outside know. */
export interface Memory {
  /** Tells the requests of this play from those of others on the same store. */
  readonly play: number
  /** Instance ids by the names of the path. */
  readonly ids: Map<string, string>
  /** Which effect each step lets end. */
  readonly effects: Map<number, string>
  now: number
}

let plays = 0

export function newMemory(): Memory {
  plays += 1
  return { play: plays, ids: new Map(), effects: new Map(), now: nobody.now }
}

interface Circumstances {
  readonly stage: Stage
  readonly store: Store
  readonly workers: Workers
  readonly memory: Memory
}

/** How long an instance may take to follow. Nobody waits that long, unless it fails. */
const PATIENCE_MS = 10_000

export class Host {
  readonly engine: Engine
  readonly #store: Store
  readonly #workers: Workers
  readonly #memory: Memory
  readonly #clock

  constructor({ stage: { machines }, store, workers, memory }: Circumstances) {
    this.#store = store
    this.#workers = workers
    this.#memory = memory
    this.#clock = fakeClock(memory.now)
    const handlers = workers.handlers(catalogueOf(machines).sources())
    const keys = { signer: passingKey('writer'), witness: passingKey('witness') }
    this.engine = createEngine({ store, machines, handlers, ...keys, clock: this.#clock, log: keptLog() })
  }

  /** Lets a step of the path happen and waits until every instance has followed. */
  async play({ steps }: Path, index: number): Promise<void> {
    const { happening, after } = steps[index] as PathStep
    await this.#happen(happening, after, index)
    const members = Object.values(after.members)
    for (const member of members) await this.#follow(member, after)
    for (const member of members) {
      const here = likenessOfView(await this.view(member, after), this.#memory.ids)
      expect(here, `${member.name} after ${happening.label}`).toEqual(likenessOfMember(member, after))
    }
  }

  async view({ name }: Pick<Member, 'name'>, { by }: World): Promise<InstanceView> {
    const view = await this.engine.instance(by.tenant, this.id(name))
    if (view === null) throw new Error(`${name} is not in the database`)
    return view
  }

  id(name: string): string {
    const id = this.#memory.ids.get(name)
    if (id === undefined) throw new Error(`${name} has not begun`)
    return id
  }

  async #happen(happening: Happening, after: World, index: number): Promise<void> {
    switch (happening.kind) {
      case 'start':
        return this.#start(happening)
      case 'told':
        return this.#tell(happening, after, index)
      case 'outcome': {
        const outcome = translated(happening.outcome, after, this.#memory.ids)
        return this.#workers.end(this.engine, await this.#effectOf(happening, after, index), outcome)
      }
      case 'broken':
        await breakInstance(this.#store, { instance_id: this.id(happening.of), tenant: after.by.tenant, at: after.now })
        return this.#reach(after.now)
      case 'time':
        return this.#reach(after.now)
    }
  }

  async #start({ births, by }: Happening & { kind: 'start' }): Promise<void> {
    const { ids } = this.#memory
    for (const birth of births) {
      const { name, machine, standing } = birth
      const input = inputOf(birth, Object.fromEntries(ids))
      const begin = { machine, input, by, request: this.#key(`start ${name}`) }
      ids.set(name, standing ?? (await this.engine.start(begin)).instance_id)
    }
  }

  async #tell({ to, event, by, label }: Happening & { kind: 'told' }, after: World, index: number): Promise<void> {
    const told = translated(event, after, this.#memory.ids)
    const request = this.#key(`${index} ${label}`)
    const sending = this.engine.send({ instance_id: this.id(to), event: told, by, request })
    if (after.refused === null) await sending
    else await expect(sending, label).rejects.toMatchObject({ code: after.refused })
  }

  async #effectOf({ of, work_id }: Happening & { kind: 'outcome' }, world: World, index: number): Promise<string> {
    const { effects } = this.#memory
    const known = effects.get(index) ?? (await this.view({ name: of }, world)).children[work_id]?.id
    if (known === undefined) throw new Error(`${of} does not wait for ${work_id}`)
    effects.set(index, known)
    return known
  }

  async #reach(now: number): Promise<void> {
    this.#memory.now = now
    await this.#clock.advance(now - this.#clock.now())
  }

  // Until the instance has taken as many steps as its likeness. Children become known through their parents.
  async #follow(member: Member, world: World): Promise<void> {
    const patience = AbortSignal.timeout(PATIENCE_MS)
    await this.#meet(member, world)
    for (;;) {
      const news = this.engine.nextCommit(PATIENCE_MS, patience)
      const { revision, state } = await this.view(member, world)
      if (revision >= member.revision) return
      if (patience.aborted) throw new Error(`${member.name} stays in ${JSON.stringify(state)} at revision ${revision}`)
      await news
    }
  }

  async #meet({ name, parent }: Member, world: World): Promise<void> {
    if (parent === null) return
    const { ids } = this.#memory
    const above = Object.values(world.members).find(({ instance_id }) => instance_id === parent.instance_id) as Member
    const present = (await this.view(above, world)).children[parent.child_id]?.id
    const parent_id = this.id(above.name)
    const [newest] = present ? [] : await this.engine.list({ tenant: world.by.tenant, parent_id, limit: 1 })
    const id = present ?? ids.get(name) ?? newest?.instance_id
    if (id !== undefined) ids.set(name, id)
  }

  // The same for every engine that plays the step.
  #key(what: string): RequestKey {
    return { key: `${this.#memory.play} ${what}`, operation: 'path', body_hash: what }
  }
}
