import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { components, isRooted, isWithin, truePath } from './paths.ts'
import { checkPath } from './sandbox.ts'
import { type ToolCall, ToolFailure } from './tool.ts'

/** RN-5: where the tool starts, absolute: the workspace itself, or a directory inside it. */
export function workingDirectory(call: ToolCall, working_dir: string | undefined): string {
  const { workspace_root } = call.host
  if (working_dir === undefined) return workspace_root
  if (call.sandbox !== null) checkPath(call.sandbox, working_dir, { directory: workspace_root, workspace_root })
  const wrong = (why: string) => new ToolFailure(`Invalid working_dir: ${why}, got "${working_dir}"`)
  if (isRooted(working_dir)) throw wrong('it must be relative to the workspace')
  if (components(working_dir).includes('..')) throw wrong('it must not contain ".."')
  const directory = resolve(workspace_root, working_dir)
  if (!isWithin(truePath(directory), truePath(workspace_root))) throw wrong('it must lie inside the workspace')
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) throw wrong('it must be an existing directory')
  return directory
}
