/** A high-risk pattern as what it is made of. Refuses what cannot be searched in linear time. */

export const FLAGS = 'iu'

export type Expression =
  | { kind: 'character'; is: (character: string) => boolean }
  | { kind: 'assertion'; holds: (before: string | undefined, after: string | undefined) => boolean }
  | { kind: 'sequence'; parts: Expression[] }
  | { kind: 'choice'; options: Expression[] }
  | { kind: 'repeat'; part: Expression; least: number; most: number }

const token = new RegExp(
  [
    String.raw`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`, // a surrogate pair is one character
    String.raw`\\(?:[pPu]\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c.|.)`,
    String.raw`\[(?:\\.|[^\]\\])*\]`,
    String.raw`\(\?(?:<?[=!]|:|<[^>]*>|[^)]*:)|\(`,
    String.raw`[*+?]\??|\{\d+(?:,\d*)?\}\??`,
    '.',
  ].join('|'),
  'gsu',
)

/** Takes a source that JavaScript has found well-formed, so a token's first characters tell what it is. */
export function parsed(source: string): Expression {
  const tokens = source.match(token) ?? []
  let next = 0
  return choice()

  function choice(): Expression {
    const options = [sequence()]
    while (tokens[next] === '|') {
      next++
      options.push(sequence())
    }
    return options.length === 1 && options[0] ? options[0] : { kind: 'choice', options }
  }

  function sequence(): Expression {
    const parts: Expression[] = []
    while (next < tokens.length && tokens[next] !== '|' && tokens[next] !== ')') parts.push(repeated(atom()))
    return { kind: 'sequence', parts }
  }

  function atom(): Expression {
    const text = tokens[next++] ?? ''
    if (text.startsWith('(')) return group(text)
    const assertion = assertions[text]
    if (assertion !== undefined) return { kind: 'assertion', holds: assertion }
    if (/^\\[1-9k]/.test(text)) throw new SyntaxError(`"${text}" refers back, which linear search cannot do`)
    return { kind: 'character', is: characterTest(text) }
  }

  function group(opening: string): Expression {
    if (!/^\((\?:|\?<[^=!].*)?$/s.test(opening)) {
      throw new SyntaxError(`"${opening}" looks around or changes flags, which linear search cannot do`)
    }
    const inside = choice()
    next++
    return inside
  }

  function repeated(part: Expression): Expression {
    const bounds = boundsOf(tokens[next] ?? '')
    if (bounds === undefined) return part
    next++
    return { kind: 'repeat', part, ...bounds }
  }
}

/** Greedy or lazy makes no difference to whether there is a match. */
function boundsOf(text: string): { least: number; most: number } | undefined {
  switch (text[0]) {
    case '*':
      return { least: 0, most: Number.POSITIVE_INFINITY }
    case '+':
      return { least: 1, most: Number.POSITIVE_INFINITY }
    case '?':
      return { least: 0, most: 1 }
    case '{': {
      const [, least, comma, most] = /^\{(\d+)(,?)(\d*)\}/.exec(text) ?? []
      if (comma === '') return { least: Number(least), most: Number(least) }
      return { least: Number(least), most: most === '' ? Number.POSITIVE_INFINITY : Number(most) }
    }
    default:
      return undefined
  }
}

const wordCharacter = /^\w$/iu
const isWord = (character: string | undefined) => character !== undefined && wordCharacter.test(character)

const assertions: Readonly<Record<string, (before: string | undefined, after: string | undefined) => boolean>> = {
  '^': (before) => before === undefined,
  $: (_, after) => after === undefined,
  '\\b': (before, after) => isWord(before) !== isWord(after),
  '\\B': (before, after) => isWord(before) === isWord(after),
}

/** Texts repeat their characters, so each is judged once. */
function characterTest(source: string): (character: string) => boolean {
  const one = new RegExp(`^(?:${source})$`, FLAGS)
  const known = new Map<string, boolean>()
  return (character) => {
    const answer = known.get(character) ?? one.test(character)
    known.set(character, answer)
    return answer
  }
}
