import { deleteHere } from './delete.ts'
import type { LocalOperation } from './local-operation.ts'
import { purgeHere } from './purge.ts'
import { restoreHere } from './restore.ts'

/** The operations that one host plans by itself; a new one is its file and one line here. */
export const localOperations = {
  delete: deleteHere,
  purge: purgeHere,
  restore: restoreHere,
} as const satisfies Record<string, LocalOperation>
