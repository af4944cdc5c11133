import { applyVolumeSnapshot } from './apply-volume-snapshot/plan.ts'
import { attachOperation } from './attach/plan.ts'
import { attachedOperation } from './attached/plan.ts'
import { chainCommit } from './chain-commit/plan.ts'
import { chainFlatten } from './chain-flatten/plan.ts'
import { chainRebase } from './chain-rebase/plan.ts'
import { chainRepoint } from './chain-repoint/plan.ts'
import { cloneOperation } from './clone/plan.ts'
import { convertOperation } from './convert/plan.ts'
import { createOperation } from './create/plan.ts'
import { createVolume } from './create-volume/plan.ts'
import { deleteOperation } from './delete/plan.ts'
import { deleteVolume } from './delete-volume/plan.ts'
import { detachOperation } from './detach/plan.ts'
import { exportDistributionOperation } from './export-distribution/plan.ts'
import { growOperation } from './grow/plan.ts'
import { importDistributionOperation } from './import-distribution/plan.ts'
import { mountOperation } from './mount/plan.ts'
import { moveOperation } from './move/plan.ts'
import type { Operation } from './operation.ts'
import { purgeOperation } from './purge/plan.ts'
import {
  chainShow,
  compareOperation,
  digestOperation,
  doctorOperation,
  infoOperation,
  mapOperation,
  measureOperation,
  placesOperation,
  quarantineOperation,
  reclaimReport,
  runsOperation,
  serveOperation,
  verifyOperation,
} from './read/read-operations.ts'
import { checkOperation } from './read/plan-check.ts'
import { reclaimOperation } from './reclaim/plan.ts'
import { uploadOperation } from './upload/plan.ts'
import { repairOperation } from './repair/plan.ts'
import { restoreOperation } from './restore/plan.ts'
import { setSparseOperation } from './set-sparse/plan.ts'
import { shrinkOperation } from './shrink/plan.ts'
import { snapshotApply } from './snapshot-apply/plan.ts'
import { snapshotCreate } from './snapshot-create/plan.ts'
import { snapshotDelete } from './snapshot-delete/plan.ts'
import { snapshotVolume } from './snapshot-volume/plan.ts'
import { umountOperation } from './umount/plan.ts'
import { writeExportOperation } from './write-export/plan.ts'
import { writeVolume } from './write-volume/plan.ts'

/** Every operation there is; a new one is its folder and one line here. */
export const operationTable = {
  'apply-volume-snapshot': applyVolumeSnapshot,
  attach: attachOperation,
  attached: attachedOperation,
  'chain-commit': chainCommit,
  'chain-flatten': chainFlatten,
  'chain-rebase': chainRebase,
  'chain-repoint': chainRepoint,
  'chain-show': chainShow,
  check: checkOperation,
  clone: cloneOperation,
  compare: compareOperation,
  convert: convertOperation,
  create: createOperation,
  'create-volume': createVolume,
  delete: deleteOperation,
  'delete-volume': deleteVolume,
  detach: detachOperation,
  digest: digestOperation,
  doctor: doctorOperation,
  'export-distribution': exportDistributionOperation,
  grow: growOperation,
  'import-distribution': importDistributionOperation,
  info: infoOperation,
  map: mapOperation,
  measure: measureOperation,
  mount: mountOperation,
  move: moveOperation,
  places: placesOperation,
  purge: purgeOperation,
  quarantine: quarantineOperation,
  reclaim: reclaimOperation,
  'reclaim-report': reclaimReport,
  repair: repairOperation,
  restore: restoreOperation,
  runs: runsOperation,
  serve: serveOperation,
  'set-sparse': setSparseOperation,
  shrink: shrinkOperation,
  'snapshot-apply': snapshotApply,
  'snapshot-create': snapshotCreate,
  'snapshot-delete': snapshotDelete,
  'snapshot-volume': snapshotVolume,
  umount: umountOperation,
  upload: uploadOperation,
  verify: verifyOperation,
  'write-export': writeExportOperation,
  'write-volume': writeVolume,
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof operationTable
