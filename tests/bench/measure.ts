/** Runs work from so many callers at once for a while, and says how it went. The first fifth warms up and does not count. */
export interface Row {
  readonly what: string
  readonly concurrency: number
  readonly per_s: number
  readonly p50_ms: number
  readonly p99_ms: number
  /** CPU time of this process, in cores. */
  readonly cores: number
}

const SECONDS = Number(process.env.BENCH_SECONDS ?? 3)

export async function measured(
  what: string,
  concurrency: number,
  work: (caller: number) => Promise<unknown>,
): Promise<Row> {
  const warm = performance.now() + SECONDS * 200
  const until = performance.now() + SECONDS * 1000
  const latencies: number[] = []
  let cpu = process.cpuUsage()
  let began = performance.now()
  let warmed = false
  await Promise.all(
    Array.from({ length: concurrency }, async (_, caller) => {
      while (performance.now() < until) {
        if (!warmed && performance.now() > warm) {
          warmed = true
          latencies.length = 0
          cpu = process.cpuUsage()
          began = performance.now()
        }
        const start = performance.now()
        await work(caller)
        latencies.push(performance.now() - start)
      }
    }),
  )
  const elapsed = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(cpu)
  latencies.sort((a, b) => a - b)
  const at = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2))
  return {
    ...{ what, concurrency, p50_ms: at(0.5), p99_ms: at(0.99) },
    per_s: Math.round(latencies.length / elapsed),
    cores: Number(((user + system) / 1e6 / elapsed).toFixed(2)),
  }
}
