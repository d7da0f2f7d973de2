import { relative, resolve } from 'node:path'
import { components, isRooted, isWithin, truePath } from './paths.ts'
import { type ToolCall, ToolFailure } from './tool.ts'

/** What a single test file at the top of the workspace may be called. */
export const testFiles = {
  python: { pattern: /^test_[^/]*\.py$/, shown: 'test_*.py' },
  javascript: { pattern: /^[^/]+\.(test|spec)\.[^/]+$/, shown: '*.test.* or *.spec.*' },
} as const

/** RN-1: a path of tests inside the workspace; answers it without its leading `./`. */
export function testPath(
  call: ToolCall,
  test_path: string,
  place: { readonly directory: string; readonly language: keyof typeof testFiles },
): string {
  const wrong = (rule: string) => new ToolFailure(`Invalid test_path: ${rule}, got "${test_path}"`)
  const path = test_path.replace(/^(\.\/)+/, '')
  if (path.includes('..')) throw wrong('it must not contain ".."')
  if (path.includes('\\')) throw wrong('it must not contain a backslash')
  if (isRooted(path)) throw wrong('it must be relative')
  if (path.startsWith('-')) throw wrong('it must not look like an option')

  const { workspace_root } = call.host
  // pytest names a test inside a file behind two colons.
  const file = path.split('::', 1)[0] ?? ''
  const wanted = resolve(place.directory, file)
  const { pattern, shown } = testFiles[place.language]
  const isTestPath =
    ['tests', 'test'].includes(components(file)[0] ?? '') ||
    pattern.test(path.includes('::') ? file : path) ||
    openDirectories(call).some((open) => isWithin(relative(workspace_root, wanted), open))
  if (!isTestPath) throw wrong(`it must begin with tests/ or test/, or be one file ${shown}`)
  if (!isWithin(truePath(wanted), truePath(workspace_root))) throw wrong('it must lie inside the workspace')
  return path
}

/** A project that keeps its tests beside its code lists the directory; the artifacts are no place for tests. */
function openDirectories({ policy }: ToolCall): readonly string[] {
  return policy.sandbox.allowed_paths
    .filter((entry) => !isRooted(entry))
    .map((entry) => components(entry).join('/'))
    .filter((entry) => entry !== '' && entry !== 'artifacts')
}
