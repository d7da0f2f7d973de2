/**
 * Loaded into a server before everything else: its wall clock is off by as many ms as the file CLOCK_OFFSET_FILE says,
 * and goes on being so when the file changes. Timers and the monotonic clock stay as they are.
 */
import { readFileSync } from 'node:fs'

const LOOK_EVERY_MS = 50

const file = process.env.CLOCK_OFFSET_FILE
const read = () => (file === undefined ? 0 : Number(readFileSync(file, 'utf8')))
const realNow = Date.now
let offset_ms = read()
setInterval(() => {
  offset_ms = read()
}, LOOK_EVERY_MS).unref()

const now = () => realNow() + offset_ms

globalThis.Date = new Proxy(Date, {
  apply: (target) => new target(now()).toString(),
  construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})
