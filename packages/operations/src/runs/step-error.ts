import { toErrorRecord, type ErrorRecord } from '@varve/core/problems/disk-error'
import type { Action } from '../actions/action.ts'

/** Failures of tools and processes, which are about the layer that they worked on. */
const ofTheStep: ReadonlySet<string> = new Set([
  'tool-failed',
  'tool-missing',
  'no-progress',
  'canceled',
  'refused',
  'invalid-request',
  'internal',
])

/** The error of a step as data; what a tool or a process says is about the step's own layer, unless it names one. */
export function stepError(error: unknown, { layer }: Pick<Action, 'layer'>, file: string): ErrorRecord {
  const record = toErrorRecord(error, file)
  if (layer === 'all' || !ofTheStep.has(record.code) || 'layer' in record.details) return record
  return { ...record, layer, message: record.message.replace(/^L[0-7] /u, `${layer} `) }
}
