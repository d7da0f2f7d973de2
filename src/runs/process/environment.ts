const SECRET_WORDS = ['TOKEN', 'SECRET', 'PASSWORD', 'PASSWD', 'CREDENTIAL', 'APIKEY', 'API_KEY', 'PRIVATE_KEY']

export type Environment = Readonly<Record<string, string>>

/**
 * SB-4: starts empty and takes over the variables whose name the whitelist allows. SB-5: a name that looks like a
 * secret is taken only when the list spells it out, never because a glob happens to cover it.
 */
export function cleanEnvironment(from: NodeJS.ProcessEnv, whitelist: readonly string[]): Environment {
  const literal = new Set(whitelist)
  const globs = whitelist.map(globPattern)
  const isAllowed = (name: string) =>
    literal.has(name) || (!looksSecret(name) && globs.some((pattern) => pattern.test(name)))
  return Object.fromEntries(
    Object.entries(from).filter((entry): entry is [string, string] => entry[1] !== undefined && isAllowed(entry[0])),
  )
}

/** `*` stands for any characters and `?` for one; case matters. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's')
}

function looksSecret(name: string): boolean {
  return SECRET_WORDS.some((word) => name.toUpperCase().includes(word))
}
