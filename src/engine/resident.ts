/** An instance in memory, ready to be stepped; and the bounded memory of those touched last. */

import type { Attributes } from '../../machines/definition.ts'
import type { Registered } from './registration.ts'
import type { Core } from './step.ts'
import type { InstanceStatus } from './types.ts'

export interface Resident {
  readonly instance_id: string
  readonly tenant: string
  readonly definition: Registered
  readonly input: unknown
  readonly core: Core
  readonly revision: number
  /** Hash of its newest journal entry; null only while its first turn is being computed. */
  readonly last_hash: string | null
  readonly status: InstanceStatus
  readonly state: string
  readonly parent_id: string | null
  readonly parent_child_id: string | null
  readonly entered_state_at: string
  readonly created_at: string
  readonly updated_at: string
  readonly title: string
  readonly attributes: Attributes
}

/** Least recently used go first. What is here is as it was committed last, as far as this process knows (D8). */
export class Residents {
  readonly #kept = new Map<string, Resident>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get(instance_id: string): Resident | undefined {
    const resident = this.#kept.get(instance_id)
    if (resident) {
      this.#kept.delete(instance_id)
      this.#kept.set(instance_id, resident)
    }
    return resident
  }

  /** Keeps the newer of what is here and what comes. */
  keep(resident: Resident): void {
    const known = this.#kept.get(resident.instance_id)
    if (known && known.revision > resident.revision) return
    this.#kept.delete(resident.instance_id)
    this.#kept.set(resident.instance_id, resident)
    if (this.#kept.size > this.#limit) this.#kept.delete(this.#kept.keys().next().value as string)
  }

  forget(instance_id: string): void {
    this.#kept.delete(instance_id)
  }
}
