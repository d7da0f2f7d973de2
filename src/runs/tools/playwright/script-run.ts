import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checked, plannedCommand, ranAs, runCommand } from '../command.ts'
import type { Prepared, Ran, ToolCall } from '../tool.ts'
import { type Progress, progressSchema, type Script, type Step } from './actions.ts'
import { disabled, isDisabled, notStarted } from './skipped.ts'

const runner = fileURLToPath(new URL('./runner.ts', import.meta.url))

/** PW-3: the actions, one after the other, in a browser that the runner starts. */
export function scriptRun(call: ToolCall, script: Script): Prepared {
  const command = checked(call, {
    runner: 'playwright',
    program: process.execPath,
    args: [runner],
    directory: call.host.workspace_root,
    env: {},
    stdin: JSON.stringify(script),
    network: call.policy.tools.playwright.network,
  })
  return {
    planned: { ...plannedCommand(call, command), ...script },
    run: async () => {
      if (isDisabled(call)) return disabled(call)
      const process = await runCommand(call, command)
      const ran = ranAs(call, command, process, process.exit_code === 0)
      const progress = await progressOf(call)
      if (progress === null) return ran
      if (progress.not_started !== null) return notStarted(call, ran, progress.not_started)
      return withSteps(call, ran, progress)
    },
  }
}

function withSteps(call: ToolCall, ran: Ran, { steps, not_opened, trace }: Progress): Ran {
  const failed = steps.filter(({ ok }) => !ok)
  const problem = not_opened ?? failed[0]?.error_message ?? null
  const shown = steps.flatMap(({ screenshot, step_index, ok }) =>
    screenshot === null ? [] : [[`ui/${screenshot}`, { step_index, step_ok: ok }] as const],
  )
  return {
    ...ran,
    // A time limit says more than the step it came after.
    error_message: ran.status === 'failed' ? (problem ?? ran.error_message) : ran.error_message,
    metrics: {
      ...ran.metrics,
      ...{ steps_total: steps.length, steps_passed: steps.length - failed.length, steps_failed: failed.length },
    },
    metadata: Object.fromEntries(shown),
    raw_output: {
      ...ran.raw_output,
      ok: ran.status === 'success',
      evidence: steps.map((step) => withPlace(call, step)),
      trace_path: trace === null ? null : `${call.artifact_dir}/ui/${trace}`,
    },
  }
}

function withPlace({ artifact_dir }: ToolCall, step: Step): Step {
  return { ...step, screenshot: step.screenshot === null ? null : `${artifact_dir}/ui/${step.screenshot}` }
}

/** Null when the runner came to no step, or left something else in its place. */
async function progressOf({ directory }: ToolCall): Promise<Progress | null> {
  try {
    return progressSchema.parse(JSON.parse(await readFile(join(directory, 'ui/steps.json'), 'utf8')))
  } catch {
    return null
  }
}
