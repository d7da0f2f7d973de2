/** The files a run left behind, its evidence first. */
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { z } from 'zod'
import type { Catalogue } from '../../engine/catalogue.ts'
import { instanceId } from '../../instances/instance-id.ts'
import { type FileAnswer, file, ok, operation } from '../../operation.ts'
import { type ArtifactPlace, artifactFile } from './artifact-path.ts'
import { mayRead } from './may.ts'
import { isPage, mediaTypeOf } from './media-type.ts'
import { readableRun } from './readable.ts'

export function artifactOperations({ catalogue, root }: { catalogue: Catalogue; root: string }) {
  return {
    'artifact.evidence': operation({
      summary: 'The evidence of a run, as it was written.',
      roles: mayRead,
      cross_domain_deps: ['run'],
      transaction: 'READ',
      http: { method: 'get', path: '/artifacts/{run_id}/evidence.json', answer: file },
      params: { path: z.strictObject({ run_id: instanceId }) },
      async execute({ params: { path }, principal, reads }) {
        await readableRun(path.run_id, { catalogue, reads, principal })
        return ok(await answerWith({ root, run_id: path.run_id, rel_path: 'evidence.json' }))
      },
    }),

    'artifact.read': operation({
      summary: 'A file of a run. What a browser would run as a page is handed out to be saved.',
      roles: mayRead,
      cross_domain_deps: ['run'],
      transaction: 'READ',
      http: { method: 'get', path: '/artifacts/{run_id}/{+rel_path}', answer: file },
      params: { path: z.strictObject({ run_id: instanceId, rel_path: z.string().max(1000) }) },
      async execute({ params: { path }, principal, reads }) {
        await readableRun(path.run_id, { catalogue, reads, principal })
        return ok(await answerWith({ root, ...path }))
      },
    }),
  }
}

async function answerWith(place: ArtifactPlace): Promise<FileAnswer> {
  const { path, size } = await artifactFile(place)
  return {
    content: Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
    size,
    media_type: mediaTypeOf(path),
    attachment: isPage(path) ? basename(path) : null,
  }
}
