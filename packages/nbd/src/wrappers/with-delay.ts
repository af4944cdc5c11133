import { setTimeout as sleep } from 'node:timers/promises'
import type { NbdExport } from '../nbd-export.ts'

/** The export whose reads each wait `delayMs` first. */
export function withDelay(inner: NbdExport, delayMs: number): NbdExport {
  return {
    ...inner,
    async readInto(target, at, options) {
      await sleep(delayMs, undefined, options?.signal ? { signal: options.signal } : {})
      await inner.readInto(target, at, options)
    },
  }
}
