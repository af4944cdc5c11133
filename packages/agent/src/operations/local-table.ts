import { convertHere } from './convert.ts'
import { deleteHere } from './delete.ts'
import { compareHere, digestHere, mapHere, measureHere } from './read-operations.ts'
import { chainRepointHere } from './chain-repoint.ts'
import type { LocalOperation } from './local-operation.ts'
import { purgeHere } from './purge.ts'
import { restoreHere } from './restore.ts'

/** The operations that one host plans by itself; a new one is its file and one line here. */
export const localOperations = {
  convert: convertHere,
  delete: deleteHere,
  purge: purgeHere,
  restore: restoreHere,
  compare: compareHere,
  digest: digestHere,
  map: mapHere,
  measure: measureHere,
  'chain-repoint': chainRepointHere,
} as const satisfies Record<string, LocalOperation>
