import { expect, test } from 'vitest'
import { z } from 'zod'
import { catalogue } from '../../machines/index.ts'

test.each(catalogue.map((definition) => [definition.machine.id, definition] as const))(
  'machine %s says who may send each event it declares',
  (_, { access, events }) => {
    expect(Object.keys(access.events).toSorted()).toEqual(Object.keys(events).toSorted())
  },
)

test.each(catalogue.map((definition) => [definition.machine.id, definition] as const))(
  'what machine %s takes can be published as JSON schema',
  (_, { input, context, events }) => {
    for (const schema of [input, context, ...Object.values(events)]) expect(() => z.toJSONSchema(schema)).not.toThrow()
  },
)

test('runs start through their operation, all that follows only from inside (13)', () => {
  expect(Object.fromEntries(catalogue.map(({ machine, access }) => [machine.id, access.start]))).toEqual({
    ...{ run: 'operation', approval: 'internal', refusal: 'internal', orchestrator: 'internal' },
  })
})
