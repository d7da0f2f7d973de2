/** The catalogue: which machines there are, what they look like, and what may be said to them. */
import { z } from 'zod'
import { roles } from '../../machines/definition.ts'
import type { Catalogue } from '../engine/catalogue.ts'
import type { Registered } from '../engine/registration.ts'
import { json, ok, operation } from '../operation.ts'
import { type JsonSchema, jsonSchema } from './json-schema.ts'
import { machineNames } from './known-machine.ts'

const admission = z.union([z.array(z.enum(roles)).readonly(), z.enum(['operation', 'internal'])])
const anyJson = z.record(z.string(), z.unknown()).readonly()
const path = z.strictObject({ machine: z.string().max(100) })

const machineSummary = z.object({
  machine: z.string(),
  version: z.string().meta({ description: 'The version new instances get' }),
  versions: z.array(z.string()).readonly(),
  start: admission,
})

const machineAnswer = machineSummary.extend({
  chart: anyJson.meta({ description: 'Every state, transition, delay and invoked actor, resolved' }),
  input: anyJson.meta({ description: 'JSON Schema of the input' }),
  events: z
    .record(z.string(), z.object({ schema: anyJson, admission }))
    .readonly()
    .meta({ description: 'By type: JSON Schema, and who may send it' }),
})

export function machineOperations(catalogue: Catalogue) {
  const summaryOf = ({ name, version, access }: Registered) => ({
    machine: name,
    version,
    versions: catalogue.all.filter((other) => other.name === name).map((other) => other.version),
    start: access.start,
  })

  return {
    'machine.list': operation({
      summary: 'Every machine of the catalogue.',
      roles,
      cross_domain_deps: [],
      transaction: 'NONE',
      http: {
        method: 'get',
        path: '/machines',
        answer: json(z.object({ machines: z.array(machineSummary).readonly() })),
      },
      params: {},
      execute: () => ok({ machines: machineNames(catalogue).map((name) => summaryOf(catalogue.newest(name))) }),
    }),

    'machine.read': operation({
      summary: 'A machine: its chart as JSON, its versions, and the schemas of its input and events.',
      roles,
      cross_domain_deps: [],
      transaction: 'NONE',
      http: { method: 'get', path: '/machines/{machine}', answer: json(machineAnswer) },
      params: { path },
      execute({ params }) {
        const definition = catalogue.newest(params.path.machine)
        return ok({
          ...summaryOf(definition),
          chart: asJson(definition.machine.definition),
          input: jsonSchema(definition.input, 'input'),
          events: eventsOf(definition),
        })
      },
    }),

    'machine.source': operation({
      summary: "The chart's configuration, as Stately Studio imports it.",
      roles,
      cross_domain_deps: [],
      transaction: 'NONE',
      http: { method: 'get', path: '/machines/{machine}/source.json', answer: json(anyJson) },
      params: { path },
      execute: ({ params }) => ok(asJson(catalogue.newest(params.path.machine).machine.config)),
    }),
  }
}

function eventsOf({ events, access }: Registered) {
  return Object.fromEntries(
    Object.entries(events).map(([type, schema]) => [
      type,
      { schema: jsonSchema(schema, 'input'), admission: access.events[type] ?? 'internal' },
    ]),
  )
}

/** Charts hold functions where they compute an input; JSON leaves those out. */
function asJson(chart: object): JsonSchema {
  return JSON.parse(JSON.stringify(chart))
}
