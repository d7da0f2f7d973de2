/** Figures for Prometheus: this process, its requests, and how far the ledger is. */
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Reads } from '../src/engine/types.ts'

export interface Metrics {
  observe(request: { operation: string; status: number; duration_ms: number }): void
  text(): Promise<string>
}

export function createMetrics(reads: Pick<Reads, 'head'>): Metrics {
  const register = new Registry()
  collectDefaultMetrics({ register, prefix: 'chancery_' })
  const requests = new Histogram({
    name: 'chancery_request_duration_seconds',
    help: 'How long requests took, by operation and status',
    labelNames: ['operation', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300],
    registers: [register],
  })
  const gauge = (name: string, help: string) => new Gauge({ name: `chancery_${name}`, help, registers: [register] })
  const sequence = gauge('journal_sequence', 'The sequence the next journal entry will have')
  const seals = gauge('seals', 'Sealed batches of journal entries')
  const halted = gauge('halted', '1 while the system is halted')

  return {
    observe({ operation, status, duration_ms }) {
      requests.observe({ operation, status }, duration_ms / 1000)
    },
    async text() {
      const head = await reads.head()
      sequence.set(head.next_sequence)
      seals.set(head.number)
      halted.set(head.halted ? 1 : 0)
      return register.metrics()
    },
  }
}
