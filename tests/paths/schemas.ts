/** The schemas a suite plays on: one for all paths of a machine, which costs less than one for each. */
import { afterAll, beforeAll } from 'vitest'
import type { OpenedStore, TestStore } from '../support/stores.ts'
import type { Stage } from './stage.ts'

/** Answers with the schema for the next path. A subject that is there from the beginning finds a new one each time. */
export function schemasFor({ open }: TestStore, { cases }: Stage): () => Promise<OpenedStore> {
  if (Object.values(cases.starts).some(({ standing }) => standing !== undefined)) return open
  let shared: OpenedStore
  beforeAll(async () => {
    shared = await open()
  })
  afterAll(() => shared.close())
  return async () => shared
}
