/** The work of runs without its outside: no process runs, and evidence is a file in a folder of the test. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { enforceBudget } from '../../../machines/run/budget.ts'
import { evaluateGate } from '../../../machines/run/gate.ts'
import { plan } from '../../../machines/run/plan.ts'
import type { Collected } from '../../../machines/run/schema.ts'
import type { ToolResult } from '../../../machines/run/tool.ts'
import type { CollectEvidenceInput, ExecuteToolInput, PlanToolInput } from '../../../machines/run/work.ts'
import type { HandlerContext, Handlers } from '../../../src/engine/types.ts'
import { evidenceOf, loaded, policyOf, resultOf, SHA, summaryOf, testTool } from '../../machines/support/runs.ts'

export function runHandlers(artifacts_root: string): Handlers {
  return {
    'run.loadPolicy': { kind: 'inline', run: () => loaded(policyOf()) },
    'run.planTool': { kind: 'inline', run: (asked: PlanToolInput) => plan({ ...asked, tool: testTool }) },
    'run.executeTool': { kind: 'durable', run: executed },
    'run.enforceBudget': { kind: 'inline', run: enforceBudget },
    'run.collectEvidence': { kind: 'durable', run: (asked: CollectEvidenceInput) => collected(artifacts_root, asked) },
    'run.evaluateGate': { kind: 'inline', run: evaluateGate },
  }
}

/** A tool told to `wait` runs until it is stopped. */
async function executed({ tool_request }: ExecuteToolInput, { signal }: HandlerContext): Promise<ToolResult> {
  if (tool_request.args.wait !== true) return resultOf()
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  return resultOf({ status: 'cancelled' })
}

async function collected(root: string, { run_id, input }: CollectEvidenceInput): Promise<Collected> {
  const artifact = {
    type: 'log' as const,
    path: `${run_id}/tools/stdout.log`,
    rel_path: 'tools/stdout.log',
    mime: 'text/plain',
    size: 5,
    sha256: SHA,
    metadata: {},
  }
  const evidence = evidenceOf({ run_id, input_nl: input.nl_input, summary: summaryOf(), artifacts: [artifact] })
  const folder = join(root, run_id)
  await mkdir(join(folder, 'tools'), { recursive: true })
  await writeFile(join(folder, 'evidence.json'), JSON.stringify(evidence))
  await writeFile(join(folder, 'tools', 'stdout.log'), 'hello')
  await writeFile(join(folder, 'tools', 'report.html'), '<script>alert(1)</script>')
  return { evidence, evidence_sha256: SHA, report_path: `${run_id}/evidence.json` }
}
