/** Runs on a real engine that fetch the logs of others. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Principal } from '../../../machines/definition.ts'
import { catalogue } from '../../../machines/index.ts'
import type { ToolResult } from '../../../machines/run/tool.ts'
import { runHandlers } from '../../../src/runs/handlers.ts'
import { PolicyFile } from '../../../src/runs/policy-file.ts'
import { recordsOf } from '../../../src/runs/tools/run-records.ts'
import { engineOn, type TestEngine } from '../../support/engine.ts'
import { openInPGlite } from '../../support/stores.ts'
import { directoryWith, shop } from '../support.ts'

const person = (id: string, role: 'USER' | 'ADMIN'): Principal => ({
  ...{ id, kind: 'person', tenant: 'default', roles: [role] },
})
const [ann, ben, root] = [person('ann', 'USER'), person('ben', 'USER'), person('root', 'ADMIN')]

async function opened() {
  const { store } = await openInPGlite()
  const home = directoryWith({ python: '#!/bin/sh\necho ran\n' })
  chmodSync(join(home, 'python'), 0o755)
  const handlers = runHandlers({
    ...{ workspace_root: shop, artifacts_root: directoryWith(), policies: new PolicyFile() },
    ...{ python: join(home, 'python'), tool_concurrency: 2, owner: 'tests' },
    records: recordsOf(() => ({ catalogue: engine.catalogue, reads: engine })),
  })
  const engine: TestEngine = engineOn(store, catalogue, { handlers })
  await engine.open()
  const run = async (by: Principal, tool_name: string, tool_args: object, nl_input = 'look') => {
    const input = { ...{ nl_input, environment_id: null, timeout_s: 60, dry_run: false }, tool_name, tool_args }
    const { instance_id } = await engine.start({ machine: 'run', input, by })
    const { context } = await engine.until(instance_id, ({ tags }) => !tags.includes('active'))
    return { run_id: instance_id, approval_id: String(context.approval_id), result: context.tool_result as ToolResult }
  }
  const fetched = async (by: Principal, target_run_id: string, more: object = {}) => {
    const { result } = await run(by, 'fetch_logs', { target_run_id, ...more })
    return result.raw_output as { logs: { log_type: string }[]; summary: object }
  }
  return { run, fetched }
}

test('AC-4, AC-5: a run is read by its owner, its audit by an admin, and nothing of it by others', async () => {
  const { run, fetched } = await opened()
  const { run_id } = await run(ann, 'run_pytest', { test_path: 'tests' })
  expect((await fetched(ann, run_id)).logs).toMatchObject([{ log_type: 'tool', tool_name: 'run_pytest' }])
  expect(await fetched(ben, run_id)).toMatchObject({ logs: [], artifacts: [] })
  const all = await fetched(root, run_id)
  expect(all.logs).toContainEqual(expect.objectContaining({ log_type: 'tool', tool_name: 'run_pytest' }))
  expect(all.logs.filter(({ log_type }) => log_type === 'audit')).toMatchObject([
    { seq: 1, actor: 'ann', details: { to: expect.any(String) } },
    ...Array(all.logs.length - 2).fill({ log_type: 'audit' }),
  ])
  expect(await fetched(root, crypto.randomUUID())).toMatchObject({ logs: [] })
})

test('6.6: a run is what is asked for, and nothing else that has an id', async () => {
  const { run, fetched } = await opened()
  const { approval_id } = await run(ann, 'run_pytest', { test_path: 'tests' }, 'deploy it')
  expect(approval_id).toMatch(/^[0-9a-f-]{36}$/)
  expect(await fetched(root, approval_id)).toMatchObject({ logs: [] })
})
