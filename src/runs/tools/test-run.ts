import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { readJunit } from '../junit.ts'
import { plannedCommand, ranAs, runCommand, type ToolCommand } from './command.ts'
import type { Prepared, Ran, ToolCall } from './tool.ts'

/** The report every runner is told to write, in the call's own directory. */
export const REPORT = 'junit.xml'

/** A test runner: exit 0 is success (RN-6), and its report says how many steps there were (RN-7). */
export function testRun(call: ToolCall, command: ToolCommand, explain: (ran: Ran) => Promise<Ran> | Ran): Prepared {
  return {
    planned: plannedCommand(call, command),
    run: async () => {
      const process = await runCommand(call, command)
      const ran = ranAs(call, command, process, process.exit_code === 0)
      return explain(await withReport(call, ran, REPORT))
    },
  }
}

/** Adds what a report in the call's directory says, if there is one. */
export async function withReport(call: ToolCall, ran: Ran, report: string): Promise<Ran> {
  const path = join(call.directory, report)
  if (!existsSync(path)) return { ...ran, raw_output: { ...ran.raw_output, junit_path: null } }
  const { summary, failed_tests } = await readJunit(path)
  const { tests, failures, errors, passed } = summary
  return {
    ...ran,
    metrics: { ...ran.metrics, steps_total: tests, steps_passed: passed, steps_failed: failures + errors },
    raw_output: { ...ran.raw_output, junit_path: `${call.artifact_dir}/${report}`, junit: summary, failed_tests },
  }
}
