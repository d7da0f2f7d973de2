/** Work for executors outside this process, in any language: take it, keep it, and say what came of it (D23). */
import { z } from 'zod'
import { json, ok, operation } from '../operation.ts'
import { instanceId } from './instance-id.ts'

const path = z.strictObject({ id: instanceId.meta({ description: 'The effect_id' }) })
const attempt = z
  .int()
  .min(1)
  .meta({ description: 'As it was claimed: a later claim has taken over from an earlier one' })

const claimed = z.object({
  effect_id: z.uuid(),
  instance_id: z.uuid(),
  source: z.string(),
  input: z.unknown(),
  attempt: z.int(),
  delivery: z.int().meta({ description: 'Above 1 after an executor took this attempt and fell silent' }),
  leased_until: z.iso.datetime(),
})

export function effectOperations() {
  return {
    'effect.claim': operation({
      summary: 'Take work that is due and meant for remote executors.',
      roles: ['executor'],
      cross_domain_deps: [],
      transaction: 'OWNS_COMMIT',
      http: {
        method: 'post',
        path: '/effects/claim',
        answer: json(z.object({ effects: z.array(claimed).readonly() })),
      },
      params: {
        body: z.strictObject({
          sources: z.array(z.string().min(1).max(200)).min(1).max(100),
          limit: z.int().min(1).max(100).default(10),
        }),
      },
      async execute({ params: { body }, principal, writes }) {
        return ok({ effects: await writes.claim({ executor: principal, ...body }) })
      },
    }),

    'effect.heartbeat': operation({
      summary: 'Keep claimed work for another lease; says whether to stop.',
      roles: ['executor'],
      cross_domain_deps: [],
      transaction: 'OWNS_COMMIT',
      http: { method: 'post', path: '/effects/{id}/heartbeat', answer: json(z.object({ abort: z.boolean() })) },
      params: { path, body: z.strictObject({ attempt }) },
      async execute({ params: { path, body }, principal, writes }) {
        return ok(await writes.heartbeat({ executor: principal, effect_id: path.id, ...body }))
      },
    }),

    'effect.complete': operation({
      summary: 'Hand in the output of claimed work.',
      roles: ['executor'],
      cross_domain_deps: [],
      transaction: 'OWNS_COMMIT',
      http: {
        method: 'post',
        path: '/effects/{id}/complete',
        answer: json(z.object({ completed: z.literal(true) })),
      },
      params: { path, body: z.strictObject({ attempt, output: z.unknown() }) },
      async execute({ params: { path, body }, principal, writes }) {
        await writes.complete({ executor: principal, effect_id: path.id, ...body })
        return ok({ completed: true as const })
      },
    }),

    'effect.fail': operation({
      summary: 'Give claimed work up; unless it is terminal it is tried again as its policy says.',
      roles: ['executor'],
      cross_domain_deps: [],
      transaction: 'OWNS_COMMIT',
      http: { method: 'post', path: '/effects/{id}/fail', answer: json(z.object({ failed: z.literal(true) })) },
      params: {
        path,
        body: z.strictObject({ attempt, message: z.string().min(1).max(2000), terminal: z.boolean().default(false) }),
      },
      async execute({ params: { path, body }, principal, writes }) {
        await writes.fail({ executor: principal, effect_id: path.id, ...body })
        return ok({ failed: true as const })
      },
    }),
  }
}
