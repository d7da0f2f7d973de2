import { createHash } from 'node:crypto'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { harvest } from '../../../src/runs/tools/artifacts.ts'
import { directoryWith, policyWith } from '../support.ts'

function harvested(directory: string, artifact_limits = {}) {
  return harvest({ directory, artifact_dir: 'r-1/tools/t', policy: policyWith({ artifact_limits }) })
}

test('RN-8: takes what lies in the directory and its three folders, by suffix', async () => {
  const directory = directoryWith({
    ...{ 'junit.xml': 'x', 'other.xml': 'x', 'stdout.log': 'x', 'stderr.log': 'x', 'a.json': 'x', 'a.png': 'x' },
    ...{ 'a.exe': 'x', 'a.zip': 'x', 'a.html': 'x', 'deep/a.log': 'x' },
    ...{ 'ui/trace.zip': 'x', 'ui/deep/video.webm': 'x', 'ui/index.html': 'x', 'http/request.json': 'x' },
    ...{ 'http/a.zip': 'x', 'repro/notes.txt': 'x' },
  })
  const { artifacts } = await harvested(directory)
  expect(artifacts.map(({ type, path, mime }) => [type, path.replace('r-1/tools/t/', ''), mime])).toEqual([
    ['junit_xml', 'junit.xml', 'application/xml'],
    ['stdout', 'stdout.log', 'text/plain'],
    ['stderr', 'stderr.log', 'text/plain'],
    ['other', 'a.json', 'application/json'],
    ['screenshot', 'a.png', 'image/png'],
    ['other', 'http/request.json', 'application/json'],
    ['log', 'other.xml', 'application/xml'],
    ['log', 'repro/notes.txt', 'text/plain'],
    ['video', 'ui/deep/video.webm', 'video/webm'],
    ['report', 'ui/index.html', 'text/html'],
    ['trace', 'ui/trace.zip', 'application/zip'],
  ])
})

test('TC-5: an artifact has its size, its hash and its place below the run', async () => {
  const { artifacts } = await harvested(directoryWith({ 'a.png': 'picture' }))
  expect(artifacts).toEqual([
    {
      type: 'screenshot',
      path: 'r-1/tools/t/a.png',
      mime: 'image/png',
      size: 7,
      sha256: createHash('sha256').update('picture').digest('hex'),
      metadata: { rel_path: 'tools/t/a.png', is_image: true },
    },
  ])
})

test('RN-8: links are not followed, whether to a file or to a folder', async () => {
  const [directory, elsewhere] = [directoryWith(), directoryWith({ 'secret.txt': 'x' })]
  symlinkSync(join(elsewhere, 'secret.txt'), join(directory, 'a.txt'))
  symlinkSync(elsewhere, join(directory, 'ui'))
  mkdirSync(join(directory, 'http'))
  symlinkSync(elsewhere, join(directory, 'http/below'))
  expect((await harvested(directory)).artifacts).toEqual([])
})

test('TX-3: what exceeds the number is dropped and counted, the report last of all', async () => {
  const directory = directoryWith({ 'a.txt': '1', 'b.txt': '22', 'junit.xml': 'x', 'stdout.log': 'x' })
  const { artifacts, dropped } = await harvested(directory, { max_count: 3 })
  expect(artifacts.map(({ path }) => path.split('/').at(-1))).toEqual(['junit.xml', 'stdout.log', 'a.txt'])
  expect(dropped).toEqual({ count: 1, bytes: 2 })
})

test('TX-3: exactly the size is kept, a byte more is dropped', async () => {
  const directory = directoryWith({ 'a.txt': 'x'.repeat(1_048_576), 'b.txt': 'x'.repeat(1_048_577) })
  const { artifacts, dropped } = await harvested(directory, { max_size_mb: 1 })
  expect(artifacts.map(({ path }) => path)).toEqual(['r-1/tools/t/a.txt'])
  expect(dropped).toEqual({ count: 1, bytes: 1_048_577 })
})
