/** A request that cannot be met: what the caller got wrong, or a race it lost. All else is a fault and rises as it is. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** UPPER_SNAKE and public: codes are added freely, never renamed. */
  readonly code: string
  /** What the spec of the code asks for, placed at the top level of the problem document. */
  readonly fields: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.fields = fields
  }
}
