/** Runs work from so many callers at once for a while, and says how it went. The first fifth warms up and does not count. */
import type { WriteAheadLog } from './write-ahead-log.ts'

export interface Load {
  readonly concurrency: number
  readonly work: (caller: number) => Promise<unknown>
  /** CPU seconds so far of the process that is measured: this one, unless said. */
  readonly cpu?: () => number
}

/** What one process saw. */
export interface Sample {
  readonly latencies: readonly number[]
  readonly elapsed_s: number
  readonly cpu_s: number
  /** Pieces of work done, those of the warming up included. */
  readonly done: number
}

export interface Heading {
  readonly what: string
  readonly concurrency: number
  /** Steps of one piece of work; one, unless said. */
  readonly steps?: number
  /** Of the Postgres that is written to. */
  readonly log?: WriteAheadLog
}

export interface Row {
  readonly what: string
  readonly concurrency: number
  readonly per_s: number
  readonly steps_per_s: number
  readonly p50_ms: number
  readonly p99_ms: number
  /** CPU time of the measured processes, in cores. */
  readonly cores: number
  readonly wal_bytes_per_step?: number
  readonly commits_per_step?: number
}

const SECONDS = Number(process.env.BENCH_SECONDS ?? 3)

export function measured(load: Heading & Load): Promise<Row> {
  return rowOf(load, async () => [await sampled(load)])
}

/** One row of what several processes saw at the same time. */
export async function rowOf(heading: Heading, sampling: () => Promise<readonly Sample[]>): Promise<Row> {
  const { what, concurrency, steps = 1, log } = heading
  const before = await log?.written()
  const samples = await sampling()
  const after = await log?.written()
  const per_s = sum(samples.map(({ latencies, elapsed_s }) => latencies.length / elapsed_s))
  const latencies = samples.flatMap((sample) => sample.latencies).sort((a, b) => a - b)
  const at = (share: number) => rounded(latencies[Math.floor(latencies.length * share)] ?? 0)
  const all_steps = sum(samples.map(({ done }) => done)) * steps
  return {
    ...{ what, concurrency, per_s: Math.round(per_s), steps_per_s: Math.round(per_s * steps) },
    ...{ p50_ms: at(0.5), p99_ms: at(0.99) },
    cores: rounded(sum(samples.map(({ cpu_s, elapsed_s }) => cpu_s / elapsed_s))),
    ...(before &&
      after && {
        wal_bytes_per_step: Math.round((after.bytes - before.bytes) / all_steps),
        commits_per_step: rounded((after.transactions - before.transactions) / all_steps),
      }),
  }
}

export async function sampled({ concurrency, work, cpu = ownCpu }: Load): Promise<Sample> {
  const warm = performance.now() + SECONDS * 200
  const until = performance.now() + SECONDS * 1000
  const latencies: number[] = []
  let done = 0
  let cpuBefore = cpu()
  let began = performance.now()
  let warmed = false
  await Promise.all(
    Array.from({ length: concurrency }, async (_, caller) => {
      while (performance.now() < until) {
        if (!warmed && performance.now() > warm) {
          warmed = true
          latencies.length = 0
          cpuBefore = cpu()
          began = performance.now()
        }
        const start = performance.now()
        await work(caller)
        latencies.push(performance.now() - start)
        done += 1
      }
    }),
  )
  return { latencies, elapsed_s: (performance.now() - began) / 1000, cpu_s: cpu() - cpuBefore, done }
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function rounded(number: number): number {
  return Number(number.toFixed(2))
}
