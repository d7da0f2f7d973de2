/** The files a call leaves behind: which of them count, what they are, and how many a policy allows. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ArtifactRef, ArtifactType } from '../../../machines/run/tool.ts'
import type { ToolCall } from './tool.ts'

const BYTES_PER_MB = 1_048_576

/** TC-6, except that XML is a JUnit report only under its own name (RN-8). */
const kinds: Readonly<Record<string, readonly [ArtifactType, mime: string]>> = {
  '.png': ['screenshot', 'image/png'],
  '.jpg': ['screenshot', 'image/jpeg'],
  '.jpeg': ['screenshot', 'image/jpeg'],
  '.webp': ['screenshot', 'image/webp'],
  '.xml': ['log', 'application/xml'],
  '.zip': ['trace', 'application/zip'],
  '.log': ['log', 'text/plain'],
  '.txt': ['log', 'text/plain'],
  '.html': ['report', 'text/html'],
  '.webm': ['video', 'video/webm'],
  '.json': ['other', 'application/json'],
  '.jsonl': ['log', 'application/x-ndjson'],
  '.bin': ['other', 'application/octet-stream'],
}
const typesByName: Readonly<Record<string, ArtifactType>> = {
  'junit.xml': 'junit_xml',
  'stdout.log': 'stdout',
  'stderr.log': 'stderr',
  // What `fetch_logs` writes (6.6).
  'logs.jsonl': 'log',
}

const harvested = new Set(['.json', '.xml', '.png', '.jpg', '.jpeg', '.webp', '.txt', '.log'])
/** Below these folders at any depth, and what else is harvested there: `http` holds bodies of any kind (6.5). */
const folders: Readonly<Record<string, ReadonlySet<string>>> = {
  ui: new Set([...harvested, '.zip', '.webm', '.html']),
  http: new Set([...harvested, '.bin']),
  repro: harvested,
}

export interface Harvest {
  readonly artifacts: readonly ArtifactRef[]
  /** What the limits left out (TX-3). */
  readonly dropped: { readonly count: number; readonly bytes: number }
}

type Place = Pick<ToolCall, 'directory' | 'artifact_dir' | 'policy'>

interface Found {
  /** Below the call's directory, with `/`. */
  readonly name: string
  readonly path: string
  readonly size: number
}

/** RN-8, TX-3: what the call left in its directory, within the policy's limits. */
export async function harvest({ directory, artifact_dir, policy }: Place): Promise<Harvest> {
  const { max_count, max_size_mb } = policy.artifact_limits
  const artifacts: ArtifactRef[] = []
  const dropped = { count: 0, bytes: 0 }
  for (const file of await filesIn(directory)) {
    if (artifacts.length === max_count || file.size > max_size_mb * BYTES_PER_MB) {
      dropped.count += 1
      dropped.bytes += file.size
    } else {
      artifacts.push(await artifactOf(file, artifact_dir))
    }
  }
  return { artifacts, dropped }
}

/** The report and the streams first, so that a limit never costs a run its own record. */
async function filesIn(directory: string): Promise<readonly Found[]> {
  const found: Found[] = []
  for (const [folder, wanted] of Object.entries({ '': harvested, ...folders })) {
    // A folder that is a symlink is not followed either.
    if (!(await isDirectory(join(directory, folder)))) continue
    for (const name of await namesIn(directory, folder)) {
      const path = join(directory, name)
      // A name that is no UTF-8 cannot be found again.
      const file = await lstat(path).catch(() => undefined)
      const isWanted = name in typesByName || wanted.has(extname(name).toLowerCase())
      if (file !== undefined && isWanted) found.push({ name, path, size: file.size })
    }
  }
  const first = Object.keys(typesByName)
  const rank = ({ name }: Found) => (first.includes(name) ? first.indexOf(name) : first.length)
  return found.toSorted((one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1))
}

/** Directly in the call's directory; at any depth in the folders set aside for artifacts. */
async function namesIn(directory: string, folder: string): Promise<readonly string[]> {
  const names: string[] = []
  for (const entry of await readdir(join(directory, folder), { withFileTypes: true })) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`
    // A link is neither file nor directory here; `recursive` of readdir would follow it.
    if (entry.isFile()) names.push(name)
    if (entry.isDirectory() && folder !== '') names.push(...(await namesIn(directory, name)))
  }
  return names
}

async function isDirectory(path: string): Promise<boolean> {
  const entry = await lstat(path).catch(() => undefined)
  return entry?.isDirectory() ?? false
}

async function artifactOf(file: Found, artifact_dir: string): Promise<ArtifactRef> {
  const path = `${artifact_dir}/${file.name}`
  // Below the run's own directory, which is the first part.
  const rel_path = path.slice(path.indexOf('/') + 1)
  const [kind, mime] = kinds[extname(file.name).toLowerCase()] ?? ['other', 'application/octet-stream']
  const type = typesByName[file.name] ?? kind
  return {
    type,
    path,
    mime,
    size: file.size,
    sha256: await sha256Of(file.path),
    metadata: type === 'screenshot' ? { rel_path, is_image: true } : { rel_path },
  }
}

async function sha256Of(path: string): Promise<string> {
  const digest = createHash('sha256')
  await pipeline(createReadStream(path), digest)
  return digest.digest('hex')
}
