import { attachFace, detachFace } from './faces/attach.ts'
import { chainCommitFace } from './faces/chain-commit.ts'
import { chainFlattenFace } from './faces/chain-flatten.ts'
import { chainRebaseFace } from './faces/chain-rebase.ts'
import { chainRepointFace } from './faces/chain-repoint.ts'
import { chainShowFace } from './faces/chain-show.ts'
import { checkFace } from './faces/check.ts'
import { cloneFace } from './faces/clone.ts'
import { compareFace } from './faces/compare.ts'
import { convertFace } from './faces/convert.ts'
import { createFace } from './faces/create.ts'
import { deleteFace } from './faces/delete.ts'
import { digestFace } from './faces/digest.ts'
import { doctorFace } from './faces/doctor.ts'
import { growFace } from './faces/grow.ts'
import { infoFace } from './faces/info.ts'
import { mapFace } from './faces/map.ts'
import { measureFace } from './faces/measure.ts'
import { mountFace, umountFace } from './faces/mount.ts'
import { moveFace } from './faces/move.ts'
import { purgeFace } from './faces/purge.ts'
import { reclaimFace, reclaimReportFace } from './faces/reclaim.ts'
import { repairFace } from './faces/repair.ts'
import { restoreFace } from './faces/restore.ts'
import { serveFace } from './faces/serve.ts'
import { shrinkFace } from './faces/shrink.ts'
import { snapshotApplyFace, snapshotCreateFace, snapshotDeleteFace } from './faces/snapshot.ts'
import { verifyFace } from './faces/verify.ts'
import type { Face } from './face.ts'

/** Every operation that people are offered, in the order in which they are shown; a new one is its file and one line here. */
export const faces: readonly Face[] = [
  infoFace,
  checkFace,
  verifyFace,
  digestFace,
  measureFace,
  mapFace,
  reclaimReportFace,
  compareFace,
  chainShowFace,
  serveFace,
  attachFace,
  mountFace,
  cloneFace,
  convertFace,
  doctorFace,
  createFace,
  repairFace,
  snapshotCreateFace,
  snapshotApplyFace,
  snapshotDeleteFace,
  chainFlattenFace,
  chainRebaseFace,
  chainCommitFace,
  chainRepointFace,
  growFace,
  shrinkFace,
  reclaimFace,
  moveFace,
  deleteFace,
  restoreFace,
  purgeFace,
  detachFace,
  umountFace,
]

/** Those of an image. */
export const imageFaces = faces.filter((face) => face.of === 'image')

/** Those of a host as a place. */
export const placeFaces = faces.filter((face) => face.of === 'place')

export function findFace(operation: string): Face | null {
  return faces.find((face) => face.operation === operation) ?? null
}
