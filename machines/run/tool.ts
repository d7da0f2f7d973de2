/** The contract between a run and its tools: what is asked, what comes back. */
import { z } from 'zod'
import { sha256Schema } from './policy.ts'

const text = z.string().nullable().default(null)
const counter = z.int().min(0).default(0)

export const toolRequestSchema = z.strictObject({
  tool_name: z.string().min(1),
  args: z.record(z.string(), z.unknown()).default({}),
  run_id: z.uuid(),
  timeout_s: z.int().min(1).max(3600).default(120),
  max_retries: z.int().min(0).max(10).default(0),
  dry_run: z.boolean().default(false),
  metadata: z.record(z.string(), z.unknown()).default({}),
})
export type ToolRequest = z.infer<typeof toolRequestSchema>

/** TC-1: only `success` is ok. */
export const toolStatusSchema = z.enum(['success', 'failed', 'timeout', 'skipped', 'cancelled'])
export type ToolStatus = z.infer<typeof toolStatusSchema>

/** TC-6. */
export const artifactTypeSchema = z.enum([
  ...['screenshot', 'junit_xml', 'trace', 'log', 'report', 'video', 'har', 'other', 'stdout', 'stderr'],
] as const)
export type ArtifactType = z.infer<typeof artifactTypeSchema>

/** TC-5: a file a tool produced. Null `sha256` only until it enters evidence. */
const artifactRefSchema = z.strictObject({
  type: artifactTypeSchema,
  path: z.string().min(1),
  mime: z.string().min(1),
  size: z.int().min(0),
  sha256: sha256Schema.nullable().default(null),
  metadata: z.record(z.string(), z.unknown()).default({}),
})
export type ArtifactRef = z.infer<typeof artifactRefSchema>

/** TC-3: tools may add figures of their own. */
export const toolMetricsSchema = z.looseObject({
  duration_ms: counter,
  /** Null without a process; -1 when a signal ended it. */
  exit_code: z.int().nullable().default(null),
  steps_total: counter,
  steps_passed: counter,
  steps_failed: counter,
  /** Of older tools; `retries_used` is what counts. */
  retries: counter,
  attempts: z.int().min(1).default(1),
  retries_used: counter,
  timed_out: z.boolean().default(false),
})
export type ToolMetrics = z.infer<typeof toolMetricsSchema>

export const toolResultSchema = z.strictObject({
  status: toolStatusSchema,
  stdout: text,
  stderr: text,
  error_message: text,
  artifacts: z.array(artifactRefSchema).default([]),
  metrics: toolMetricsSchema.prefault({}),
  started_at: z.iso.datetime(),
  ended_at: z.iso.datetime(),
  artifact_dir: text,
  raw_output: z.record(z.string(), z.unknown()).nullable().default(null),
})
export type ToolResult = z.infer<typeof toolResultSchema>

export const blockedBySchema = z.enum(['policy', 'sandbox'])
export type BlockedBy = z.infer<typeof blockedBySchema>

/** Who kept the tool from running (TR-3, SB-7), or null when it ran or failed by itself. */
export function blockedBy(result: ToolResult): BlockedBy | null {
  switch (result.raw_output?.decision_source) {
    case 'policy_block':
      return 'policy'
    case 'sandbox_block':
      return 'sandbox'
    default:
      return null
  }
}
