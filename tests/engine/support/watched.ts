/** A store that can be asked what went on: commits tried, notices sent, questions the database has answered. */
import { type KyselyPlugin, PostgresQueryCompiler } from 'kysely'
import type { Store } from '../../../src/store/store.ts'

export interface WatchedStore extends Store {
  readonly commits: () => number
  readonly notices: readonly string[]
  /** How many questions of that kind were answered so far. */
  answered(question: keyof typeof questions): number
}

const questions = {
  'what work is free': /with free as/,
  'which timers are due': /"kind" = .* order by "due_at", "effect_id"/,
}

export function watched(store: Store): WatchedStore {
  const compiler = new PostgresQueryCompiler()
  const asked = new WeakMap<object, string>()
  const answers: string[] = []
  const notices: string[] = []
  let commits = 0
  const listening: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      asked.set(queryId, compiler.compileQuery(node, queryId).sql)
      return node
    },
    async transformResult({ queryId, result }) {
      answers.push(asked.get(queryId) ?? '')
      return result
    },
  }
  return {
    ...store,
    db: store.db.withPlugin(listening),
    commits: () => commits,
    notices,
    answered: (question) => answers.filter((sql) => questions[question].test(sql)).length,
    async commit(batch) {
      commits += 1
      return store.commit(batch)
    },
    async notify(topic) {
      notices.push(topic)
      await store.notify(topic)
    },
  }
}
