import { chainCommitHere, chainFlattenHere, chainRebaseHere } from './chain-change.ts'
import { chainRepointHere } from './chain-repoint.ts'
import { cloneHere } from './clone.ts'
import { convertHere } from './convert.ts'
import { createHere } from './create.ts'
import { deleteHere } from './delete.ts'
import type { LocalOperation } from './local-operation.ts'
import { moveHere } from './move.ts'
import { purgeHere } from './purge.ts'
import { compareHere, digestHere, mapHere, measureHere, verifyHere } from './read-operations.ts'
import { repairHere } from './repair.ts'
import { restoreHere } from './restore.ts'
import { snapshotApplyHere, snapshotCreateHere, snapshotDeleteHere } from './snapshots.ts'

/** The operations that one host plans by itself; a new one is its file and one line here. */
export const localOperations = {
  'chain-commit': chainCommitHere,
  'chain-flatten': chainFlattenHere,
  'chain-rebase': chainRebaseHere,
  'chain-repoint': chainRepointHere,
  clone: cloneHere,
  compare: compareHere,
  convert: convertHere,
  create: createHere,
  delete: deleteHere,
  digest: digestHere,
  map: mapHere,
  measure: measureHere,
  move: moveHere,
  purge: purgeHere,
  repair: repairHere,
  restore: restoreHere,
  'snapshot-apply': snapshotApplyHere,
  'snapshot-create': snapshotCreateHere,
  'snapshot-delete': snapshotDeleteHere,
  verify: verifyHere,
} as const satisfies Record<string, LocalOperation>
