/** The tools a run may use: what each does, which arguments it takes, and whether the policy allows it. */
import { z } from 'zod'
import { type JsonSchema, jsonSchema } from '../../instances/json-schema.ts'
import { json, ok, operation } from '../../operation.ts'
import type { PolicyFile } from '../policy-file.ts'
import { builtInTools } from '../tools/built-in-tools.ts'
import { mayRead } from './may.ts'

const toolView = z.object({
  name: z.string(),
  description: z.string(),
  version: z.string(),
  tags: z.array(z.string()).readonly(),
  effects: z.enum(['read', 'test', 'mutate']),
  rerunnable: z.boolean(),
  sandboxable: z.boolean(),
  allowed: z.boolean(),
  args_schema: z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema' }),
})

const toolList = z.object({
  tools: z.array(toolView),
  /** None: every tool is allowed. */
  allowlist_count: z.int().min(0),
  sandbox: z.object({ enabled: z.boolean(), mode: z.enum(['subprocess', 'container']) }),
})

export function toolOperations(policies: PolicyFile) {
  return {
    'tool.list': operation({
      summary: 'The tools of this server.',
      roles: mayRead,
      cross_domain_deps: [],
      transaction: 'NONE',
      http: { method: 'get', path: '/tools', answer: json(toolList) },
      params: {},
      execute() {
        const { tools, sandbox } = policies.current().policy
        const { allowlist } = tools
        return ok({
          tools: builtInTools.map(({ name, description, version, tags, effects, rerunnable, sandboxable, args }) => ({
            ...{ name, description, version, tags, effects, rerunnable, sandboxable },
            allowed: allowlist.length === 0 || allowlist.includes(name),
            args_schema: jsonSchema(args, 'input') as Record<string, unknown> satisfies JsonSchema,
          })),
          allowlist_count: allowlist.length,
          sandbox: { enabled: sandbox.enabled, mode: sandbox.mode },
        })
      },
    }),
  }
}
