import type { SystemParts } from '@varve/agent/testing/walk-kills'
import { macParts } from './mac-test-host.ts'

/** The Mac of the tests that keeps what it is in this folder, for walks of kills. */
export async function openSystem(folder: string): Promise<SystemParts & AsyncDisposable> {
  const { parts } = macParts(folder)
  return Promise.resolve({ ...parts, [Symbol.asyncDispose]: async () => Promise.resolve() })
}
