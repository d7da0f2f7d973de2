import { expect, test } from 'vitest'
import { describeRefusal } from '../../../machines/refusal/describe.ts'
import { refusalMachine } from '../../../machines/refusal/machine.ts'
import { type RefusalContext, refusalInputSchema } from '../../../machines/refusal/schema.ts'
import { given, INSTANCE_ID } from '../support/walk.ts'

const input = {
  ...{ target_id: INSTANCE_ID, target_machine: 'run', event_type: 'run.cancelled', principal_id: 'eve' },
  ...{ code: 'RUN_FORBIDDEN', message: 'not yours' },
}

test('a refusal is recorded in one step and done', () => {
  const refusal = given<RefusalContext>(refusalMachine, input)
  expect(refusal.state).toBe('recorded')
  expect(refusal.snapshot.status).toBe('done')
  expect(refusal.context.input).toEqual(input)
})

test('it is found by its target, its code and whom it met', () => {
  expect(describeRefusal(given<RefusalContext>(refusalMachine, input).context).attributes).toEqual({
    ...{ target_id: INSTANCE_ID, target_machine: 'run', event_type: 'run.cancelled' },
    ...{ code: 'RUN_FORBIDDEN', principal_id: 'eve' },
  })
})

test('its code is of the public kind', () => {
  expect(refusalInputSchema.safeParse(input).success).toBe(true)
  expect(refusalInputSchema.safeParse({ ...input, code: 'run-forbidden' }).success).toBe(false)
})
