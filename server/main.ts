/**
 * Starts the server, and stops it when it is told to:
 *
 *   settings → store → engine → operations → app → socket
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { catalogue } from '../machines/index.ts'
import { plannerDefaults } from '../machines/run/normalise.ts'
import manifest from '../package.json' with { type: 'json' }
import { createEngine } from '../src/engine/engine.ts'
import { sha256 } from '../src/ledger/hash.ts'
import { keptKey } from '../src/ledger/keys.ts'
import { operations } from '../src/operations.ts'
import { createKeyRing } from '../src/principals/key-ring.ts'
import { createRegistry } from '../src/registry.ts'
import { runHandlers } from '../src/runs/handlers.ts'
import { PolicyFile } from '../src/runs/policy-file.ts'
import { reproOf } from '../src/runs/repro.ts'
import { sweepTools } from '../src/runs/sweep.ts'
import { apiKeyTable } from '../src/store/api-keys.ts'
import { createApp } from './app.ts'
import { CannotStart, reasonOf } from './cannot-start.ts'
import { openData, placeOf } from './data.ts'
import { isLoopback } from './local-caller.ts'
import { createLog, engineLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { type Settings, settingsFrom } from './settings.ts'
import { listen } from './socket.ts'

const { version } = manifest
const now = Date.now

await main().catch((fault) => {
  process.stderr.write(`Chancery cannot start. ${reasonOf(fault)}\n`)
  process.exit(1)
})

async function main(): Promise<void> {
  const settings = settingsFrom(process.env)
  const log = createLog(settings.LOG_LEVEL)
  const policies = usablePolicies(settings)
  const loopback = isLoopback(settings.HOST)
  const stopping = new AbortController()

  const store = await openData(settings, log)
  const keys = createKeyRing({ table: apiKeyTable(store.db), now })
  const keyless = !(await keys.inUse())
  if (keyless && !loopback) throw openToOthers(settings)

  const owner = sha256(placeOf(settings)).slice(0, 16)
  const workspace = { workspace_root: settings.WORKSPACE_ROOT, environment: process.env, owner }
  const engine = createEngine({
    store,
    machines: catalogue,
    handlers: runHandlers({
      ...workspace,
      artifacts_root: settings.ARTIFACTS_ROOT,
      policies,
      python: settings.PYTHON,
      tool_concurrency: settings.TOOL_CONCURRENCY,
    }),
    signer: keptKey(join(settings.DATA_DIR, 'keys'), 'writer'),
    witness: keptKey(join(settings.DATA_DIR, 'keys'), 'witness'),
    log: engineLog(log),
  })

  const metrics = createMetrics(engine)
  const registry = createRegistry({ engine, now })
  const everything = operations({
    catalogue: engine.catalogue,
    keys,
    service: { version, metrics: metrics.text },
    runs: {
      planner: { ...plannerDefaults, default: { ...plannerDefaults.default, tool: settings.PLANNER_DEFAULT_TOOL } },
      artifacts_root: settings.ARTIFACTS_ROOT,
      audit_enabled: settings.AUDIT_LOG_ENABLED,
      policies: {
        file: policies,
        workspace: () => reproOf({ ...workspace, effect_id: randomUUID(), signal: stopping.signal }),
      },
    },
  })
  for (const [name, operation] of Object.entries(everything)) registry.register(name, operation)
  registry.freeze()
  const app = createApp({ registry, keys, metrics, log, version, loopback, stopping: stopping.signal })

  const swept = await sweepTools(store, owner)
  if (swept.length > 0) log.warn({ effects: swept }, 'tools an earlier server left running were ended')
  await engine.open()
  const socket = await listen(app, settings)
  process.stdout.write(
    `Chancery ${version} at ${socket.url} (browse the API at ${socket.url}/docs)\n` +
      `Data: ${placeOf(settings)}\n` +
      `Access: ${keyless ? 'no keys yet, so whoever is at this machine is its operator' : 'by key'}\n`,
  )

  const stop = async (signal: NodeJS.Signals) => {
    log.info({ signal }, 'stopping')
    stopping.abort()
    await socket.close()
    await engine.stop()
    await store.close()
    process.exit(0)
  }
  // A second signal finds no listener any more and ends the process where it stands.
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}

/** A policy somebody asked for must be the one that is used (PL-4). */
function usablePolicies({ POLICY_PATH }: Settings): PolicyFile {
  const policies = new PolicyFile({ variable: POLICY_PATH })
  const { problem, configured } = policies.current()
  if (problem !== null && configured) throw new CannotStart(`POLICY_PATH: ${problem}`)
  return policies
}

function openToOthers({ HOST }: Settings): CannotStart {
  return new CannotStart(
    `HOST is ${HOST}, where others can reach it, and nobody has made a key yet. Start it with HOST=127.0.0.1, make ` +
      'one with POST /api/v1/keys {"principal_id": "…", "roles": ["ADMIN"]}, and start it again.',
  )
}
