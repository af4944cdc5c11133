import { z } from 'zod'
import { eventIds } from './run-service.ts'
import type { ServiceEvent } from './service-system.ts'

const warn = 40
const error = 50

const Line = z.looseObject({
  level: z.number(),
  msg: z.string().default(''),
  err: z.looseObject({ message: z.string() }).optional(),
})

/** What is not told again: the event has its time, its level and its source. */
const known = new Set(['level', 'time', 'msg', 'err', 'agent'])

/** A line of the agent's log as an event; null: it is not worth one. */
export function eventOfLog(line: string): ServiceEvent | null {
  const { level, msg, err, ...rest } = Line.parse(JSON.parse(line))
  if (level < warn) return null
  const facts = Object.entries(rest).filter(([name]) => !known.has(name))
  const text = [
    err === undefined ? msg : `${msg}: ${err.message}`,
    ...facts.map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`),
  ].join('\n')
  return level < error
    ? { kind: 'warning', id: eventIds.warning, text }
    : { kind: 'error', id: eventIds.error, text }
}
