import { ToolFailure } from './tool.ts'

/** What a runner's own options are, as far as the fence needs to know them. */
export interface OptionRules {
  /** Refused long options, without their dashes; `outputFile` also covers `outputFile.junit`. */
  readonly refused: readonly string[]
  /** Refused one-letter options. */
  readonly refused_letters: string
  /** One-letter options that take the rest of the word as their value. */
  readonly valued_letters: string
  /** One spelling for all that the runner accepts: `output-file` is `outputFile` to some. */
  readonly spelling: (option: string) => string
}

/**
 * RN-4: what a caller adds to a runner's command, as given, minus what could leave the fence. Whatever is no option
 * is a path of tests, so an option and its value are written as one argument: `--retry=2`.
 */
export function checkExtraArgs(
  args: readonly string[],
  rules: OptionRules,
  checkPosition: (arg: string) => unknown,
): void {
  for (const arg of args) {
    if (arg === '-' || arg === '--') throw refusal(arg)
    if (arg.startsWith('--') ? isRefusedOption(arg, rules) : arg.startsWith('-') && isRefusedCluster(arg, rules)) {
      throw refusal(arg)
    }
    if (!arg.startsWith('-')) checkPosition(arg)
  }
}

function isRefusedOption(arg: string, { refused, spelling }: OptionRules): boolean {
  const option = spelling(arg.slice(2).split('=', 1)[0] ?? '')
  return refused.some((name) => option === name || option.startsWith(`${name}.`))
}

/** `-qp` is `-q -p`, and `-kp` is `-k` with the value `p`. */
function isRefusedCluster(arg: string, { refused_letters, valued_letters }: OptionRules): boolean {
  for (const letter of arg.slice(1).split('=', 1)[0] ?? '') {
    if (refused_letters.includes(letter)) return true
    if (valued_letters.includes(letter)) return false
  }
  return false
}

function refusal(arg: string): ToolFailure {
  return new ToolFailure(
    `Invalid extra_args: "${arg}" is refused, since it could change where the tests are, what is loaded or what counts`,
  )
}
