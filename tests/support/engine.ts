/** An engine on a real store, with keys of its own, that a test opens and stops. */
import { onTestFinished, TestRunner } from 'vitest'
import type { MachineDefinition, Principal } from '../../machines/definition.ts'
import { createEngine, type Engine, type EngineOptions } from '../../src/engine/engine.ts'
import type { InstanceView } from '../../src/engine/types.ts'
import { passingKey } from '../../src/ledger/keys.ts'
import type { Store } from '../../src/store/store.ts'
import { type KeptLog, keptLog } from './log.ts'

export const alice: Principal = { id: 'alice', kind: 'person', tenant: 'default', roles: ['ADMIN'] }

export interface TestEngine extends Engine {
  readonly log: KeptLog
  view(instance_id: string): Promise<InstanceView>
  /** Waits, without polling, until the instance is in a state, or fails after five seconds. */
  until(instance_id: string, holds: (view: InstanceView) => boolean): Promise<InstanceView>
}

export function engineOn(
  store: Store,
  machines: readonly MachineDefinition[],
  options: Partial<EngineOptions> = {},
): TestEngine {
  const log = keptLog()
  const engine = createEngine({
    store,
    machines,
    handlers: {},
    signer: passingKey('writer'),
    witness: passingKey('witness'),
    log,
    ...options,
  })
  // An engine a failed test left open would take the work of the next one.
  if (TestRunner.getCurrentTest()) onTestFinished(() => engine.stop())
  const view = async (instance_id: string) => {
    const found = await engine.instance('default', instance_id)
    if (!found) throw new Error(`no instance ${instance_id}`)
    return found
  }
  return {
    ...engine,
    log,
    view,
    async until(instance_id, holds) {
      const signal = AbortSignal.timeout(10_000)
      for (;;) {
        const news = engine.nextCommit(1_000, signal)
        const seen = await view(instance_id)
        if (holds(seen)) return seen
        if (signal.aborted) throw new Error(`still ${JSON.stringify(seen.state)}: ${JSON.stringify(seen.context)}`)
        await news
      }
    },
  }
}
