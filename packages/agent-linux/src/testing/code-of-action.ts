import { performAction } from '@varve/agent/actions/perform'
import type { TestHost } from '@varve/agent/testing/test-host'
import { isDiskError } from '@varve/core/problems/disk-error'
import { adapters } from './adapters.ts'

/** What a call of its own comes to on that host: `done`, or the code of its error. */
export async function codeOfAction(
  { ports }: Pick<TestHost, 'ports'>,
  action: string,
  input: object,
): Promise<string> {
  const signal = new AbortController().signal
  return await performAction(
    adapters,
    { action, input },
    { ports, signal, isResumed: false, onProgress: () => {} },
  ).then(
    () => 'done',
    (error: unknown) => (isDiskError(error) ? error.code : String(error)),
  )
}
