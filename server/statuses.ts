/** The one table from what happened to what HTTP calls it. */
import type { ContentfulStatusCode } from 'hono/utils/http-status'

const statuses = {
  MALFORMED_JSON: 400,
  INVALID_FILTER: 400,
  ARTIFACT_PATH_INVALID: 400,
  ARTIFACT_NOT_A_FILE: 400,

  UNAUTHENTICATED: 401,

  PERMISSION_DENIED: 403,
  HOST_FORBIDDEN: 403,
  ORIGIN_FORBIDDEN: 403,
  RUN_FORBIDDEN: 403,
  SELF_APPROVAL_FORBIDDEN: 403,

  ROUTE_NOT_FOUND: 404,
  UNKNOWN_OPERATION: 404,
  MACHINE_NOT_FOUND: 404,
  INSTANCE_NOT_FOUND: 404,
  REVISION_NOT_FOUND: 404,
  EFFECT_NOT_FOUND: 404,
  KEY_NOT_FOUND: 404,
  RUN_NOT_FOUND: 404,
  APPROVAL_NOT_FOUND: 404,
  ARTIFACT_NOT_FOUND: 404,

  METHOD_NOT_ALLOWED: 405,

  EVENT_NOT_ACCEPTED: 409,
  INSTANCE_FINISHED: 409,
  CONCURRENT_MODIFICATION: 409,
  IDEMPOTENCY_CONFLICT: 409,
  ADMIN_KEY_REQUIRED: 409,
  ALREADY_EXISTS: 409,
  EFFECT_NOT_HELD: 409,
  RUN_NOT_CANCELLABLE: 409,
  APPROVAL_NOT_PENDING: 409,

  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,

  INVALID_REQUEST: 422,
  ENVIRONMENT_NOT_FOUND: 422,
  STEP_FAILED: 422,

  INTERNAL_ERROR: 500,

  OVERLOADED: 503,
  SYSTEM_HALTED: 503,
  STOPPING: 503,
  NOT_READY: 503,
  POLICY_UNAVAILABLE: 503,
} as const satisfies Record<string, ContentfulStatusCode>

/** A code that is not listed comes from a machine's own rules, and those speak about the instance's state: 409. */
export function statusOf(code: string): ContentfulStatusCode {
  return Object.hasOwn(statuses, code) ? statuses[code as keyof typeof statuses] : 409
}
