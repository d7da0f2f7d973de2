/** What the tools of a run left behind: their results (TX-5), and the files besides. */
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { type ToolResult, toolResultSchema } from '../../../machines/run/tool.ts'
import { attemptIn } from './attempts.ts'

const NAME = 'tool_result.json'
const LARGEST_BYTES = 4 * 1_048_576
const MOST_FILES = 1000

const kept = z.object({ result: toolResultSchema, logged_at: z.iso.datetime() })

export interface KeptResult {
  readonly tool_name: string
  readonly attempt: number
  readonly logged_at: string
  readonly result: ToolResult
}

export interface KeptFile {
  /** Below the run's directory, with `/`. */
  readonly path: string
  readonly name: string
  readonly size: number
}

/** Of every attempt of every tool, oldest first. A file that is no result is passed over: a tool may have put it there. */
export async function resultsOf(run: string): Promise<readonly KeptResult[]> {
  const results: KeptResult[] = []
  for (const tool_name of await directoriesIn(join(run, 'tools'))) {
    const tool = join(run, 'tools', tool_name)
    const attempts = (await directoriesIn(tool)).filter((name) => attemptIn(name) > 1)
    for (const folder of ['', ...attempts]) {
      const found = await resultIn(join(tool, folder, NAME))
      if (found !== null) results.push({ tool_name, attempt: attemptIn(folder), ...found })
    }
  }
  return results.toSorted((one, other) => one.logged_at.localeCompare(other.logged_at))
}

/** All but the results, in order of their paths; the first thousand. */
export async function filesOf(run: string): Promise<readonly KeptFile[]> {
  const files: KeptFile[] = []
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(join(run, folder), { withFileTypes: true }).catch(() => [])
    for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      if (files.length === MOST_FILES) return
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory()) await visit(path)
      if (!entry.isFile() || entry.name === NAME) continue
      const file = await lstat(join(run, path)).catch(() => undefined)
      if (file !== undefined) files.push({ path, name: entry.name, size: file.size })
    }
  }
  await visit('')
  return files
}

/** Links are not followed. */
async function directoriesIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

async function resultIn(path: string): Promise<z.infer<typeof kept> | null> {
  try {
    const file = await lstat(path)
    if (!file.isFile() || file.size > LARGEST_BYTES) return null
    return kept.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return null
  }
}
