/** Structured lines on standard error, so that standard output says only where the server is. */
import pino, { type Logger } from 'pino'
import type { Log } from '../src/engine/log.ts'
import type { Settings } from './settings.ts'

export function createLog(level: Settings['LOG_LEVEL']): Logger {
  const { err } = pino.stdSerializers
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err, cause: err } }
  return pino(options, pino.destination(2))
}

/** The same log as the engine speaks to it. */
export function engineLog(log: Logger): Log {
  return {
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  }
}
