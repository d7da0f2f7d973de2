/** The evidence document: the facts of a run, validated before it is written and never altered after (EV-1). */
import { z } from 'zod'
import { sha256Schema } from './policy.ts'
import { artifactTypeSchema, blockedBySchema, toolStatusSchema } from './tool.ts'

export const EVIDENCE_SCHEMA = 'urn:chancery:evidence.v1'

const count = z.int().min(0)
const orNull = z.string().min(1).nullable()

/** EV-6: relative to the artifact root or the run's directory, with `/`. */
const relativePath = z
  .string()
  .min(1)
  .regex(/^(?![/\\]|[A-Za-z]:)/, 'must be relative')

/** EV-4, EV-5: what the tests amount to over all tool calls. */
export const evidenceSummarySchema = z.strictObject({
  tests: count,
  failures: count,
  errors: count,
  skipped: count,
  time: z.number().min(0),
  passed: count,
  /** JU-5: read from a damaged report. It can fail a run, never pass it. */
  partial: z.boolean(),
})
export type EvidenceSummary = z.infer<typeof evidenceSummarySchema>

/** One red test of a report, so that nobody has to open the file to see what broke. */
const failedTestSchema = z.strictObject({
  classname: z.string().max(200),
  name: z.string().max(200),
  /** The first line of what went wrong. */
  message: z.string().max(200),
})
export type FailedTest = z.infer<typeof failedTestSchema>

/** What kept the call's process from the rest of the machine: `process` is a process like any other. */
export const isolationSchema = z.enum(['container', 'bubblewrap', 'namespaces', 'process'])
export type Isolation = z.infer<typeof isolationSchema>

const toolCallSchema = z.strictObject({
  tool_name: z.string().min(1),
  status: toolStatusSchema,
  duration_ms: count,
  exit_code: z.int().nullable(),
  steps_total: count,
  steps_passed: count,
  steps_failed: count,
  error_message: z.string().max(200).nullable(),
  attempts: z.int().min(1),
  retries_used: count,
  timed_out: z.boolean(),
  blocked_by: blockedBySchema.nullable(),
  /** Absent when no process ran in the sandbox. */
  isolation: isolationSchema.optional(),
  /** The first of them; `steps_failed` says how many there are. */
  failed_tests: z.array(failedTestSchema).max(50),
})
export type ToolCall = z.infer<typeof toolCallSchema>

export const evidenceArtifactSchema = z.strictObject({
  type: artifactTypeSchema,
  path: relativePath,
  rel_path: relativePath,
  mime: z.string().min(1),
  size: count,
  sha256: sha256Schema,
  metadata: z.record(z.string(), z.unknown()),
})
export type EvidenceArtifact = z.infer<typeof evidenceArtifactSchema>

/** §8.2, of the workspace under test. Null is unknown, never "no". */
export const reproSchema = z.strictObject({
  git_sha: orNull,
  git_branch: orNull,
  git_dirty: z.boolean().nullable(),
  runtime_version: orNull,
  platform_info: orNull,
  deps_fingerprint: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .nullable(),
  deps_fingerprint_algo: z.literal('sha256'),
  deps_source: orNull,
})
export type Repro = z.infer<typeof reproSchema>

export const shortCircuitReasonSchema = z.enum([
  'budget_elapsed_exceeded',
  'budget_attempts_exceeded',
  'policy_blocked',
])
export type ShortCircuitReason = z.infer<typeof shortCircuitReasonSchema>

/** What a run has used up so far (BU-1), and whether that ended it (BU-2). */
export const governanceBudgetSchema = z.strictObject({
  elapsed_ms_total: count,
  attempts_total: count,
  retries_used_total: count,
  short_circuited: z.boolean(),
  short_circuit_reason: shortCircuitReasonSchema.nullable(),
})
export type GovernanceBudget = z.infer<typeof governanceBudgetSchema>

export const decisionSourceSchema = z.enum(['gate_evaluator', 'governance_short_circuit'])
export type DecisionSource = z.infer<typeof decisionSourceSchema>

const governanceSchema = z.strictObject({
  budget: governanceBudgetSchema.pick({ elapsed_ms_total: true, attempts_total: true, retries_used_total: true }),
  policy_limits: z.strictObject({ timeout_s: z.int().min(1), max_retries: count }),
  short_circuited: z.boolean(),
  short_circuit_reason: shortCircuitReasonSchema.nullable(),
  /** Null when nobody decides: a dry, cancelled or refused run. */
  decision_source: decisionSourceSchema.nullable(),
  /** TX-3: files the policy's artifact limits left out. */
  dropped_artifacts: z.strictObject({ count, bytes: count }),
})
export type Governance = z.infer<typeof governanceSchema>

/** Checked before writing: a field nobody agreed on is refused (EV-2). */
export const evidenceSchema = z.strictObject({
  $schema: z.literal(EVIDENCE_SCHEMA),
  run_id: z.uuid(),
  input_nl: z.string().min(1),
  /** The environment's record, never its credentials. */
  environment: z.looseObject({ environment_id: z.uuid().nullable() }),
  tool_calls: z.array(toolCallSchema),
  artifacts: z.array(evidenceArtifactSchema),
  /** Null when nothing ran. */
  summary: evidenceSummarySchema.nullable(),
  repro: reproSchema,
  governance: governanceSchema,
  policy: z.strictObject({ version: z.string(), hash: sha256Schema }),
  ai_review: z.record(z.string(), z.unknown()).nullable(),
  collected_at: z.iso.datetime(),
})
export type Evidence = z.infer<typeof evidenceSchema>

/** Used when reading: later fields of a newer writer are passed over (EV-2). */
export const storedEvidenceSchema = z.object(evidenceSchema.shape)
