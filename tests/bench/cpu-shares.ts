/** Which share of this process's CPU time goes where, from a profile of some work. */
import { Session } from 'node:inspector/promises'

/** A function on the stack. */
export interface Frame {
  readonly functionName: string
  readonly url: string
}

/** `placeOf` is told each sampled stack, innermost first, and names what it counts for. */
export async function cpuShares(
  work: () => Promise<unknown>,
  placeOf: (stack: readonly Frame[]) => string | undefined,
): Promise<Readonly<Record<string, number>>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  await work()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()

  const parents = new Map(profile.nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)))
  const times = new Map<string, number>()
  let busy = 0
  for (const node of profile.nodes) {
    if (node.callFrame.functionName === '(idle)') continue
    const samples = node.hitCount ?? 0
    const stack: Frame[] = []
    for (let at: typeof node | undefined = node; at; at = parents.get(at.id)) stack.push(at.callFrame)
    const place = placeOf(stack)
    if (place !== undefined) times.set(place, (times.get(place) ?? 0) + samples)
    busy += samples
  }
  const places = [...times].sort(([, one], [, other]) => other - one)
  return Object.fromEntries(places.map(([place, samples]) => [place, samples / busy]))
}
