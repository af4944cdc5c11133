import type { SystemParts } from '@varve/agent/testing/walk-kills'
import { macParts } from './mac-test-host.ts'

/** What a process that died had begun may come late where the machine is busy. */
const waits = { busyMs: [1], lateMs: 5000, everyMs: 250 }

/** The Mac of the tests that keeps what it is in this folder, for walks of kills. */
export async function openSystem(folder: string): Promise<SystemParts & AsyncDisposable> {
  const { parts } = macParts(folder, waits)
  return Promise.resolve({ ...parts, [Symbol.asyncDispose]: async () => Promise.resolve() })
}
