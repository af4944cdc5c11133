import { assertNoUse } from '@varve/engine/in-use/find-uses'
import type { ActionPorts } from './adapter.ts'

/** Throws `in-use` or `run-busy` when somebody uses one of the files who must not lose it: asked again right before the first write. */
export async function assertNotUsed(
  paths: readonly string[],
  { findWriters }: Pick<ActionPorts, 'findWriters'>,
): Promise<void> {
  await assertNoUse(
    paths.map((path) => ({ path })),
    { purpose: 'move', find: findWriters },
  )
}
