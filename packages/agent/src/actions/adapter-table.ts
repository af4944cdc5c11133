import type { AdapterTable } from './adapter.ts'
import { applySnapshot } from './apply-snapshot/apply-snapshot.ts'
import { checkImage } from './check-image/check-image.ts'
import { compareImages } from './compare-images/compare-images.ts'
import { copyFiles } from './copy-files/copy-files.ts'
import { createImage } from './create-image/create-image.ts'
import { createSnapshot } from './create-snapshot/create-snapshot.ts'
import { deleteSnapshot } from './delete-snapshot/delete-snapshot.ts'
import { digestImage } from './digest-image/digest-image.ts'
import { discardCopy } from './discard-copy/discard-copy.ts'
import { discardStaged } from './discard-staged/discard-staged.ts'
import { mapImage } from './map-image/map-image.ts'
import { measureImage } from './measure-image/measure-image.ts'
import { moveImage } from './move-image/move-image.ts'
import { proveImage } from './prove-image/prove-image.ts'
import { proveSameDisk } from './prove-same-disk/prove-same-disk.ts'
import { publishImage } from './publish-image/publish-image.ts'
import { purgeImage } from './purge-image/purge-image.ts'
import { putBack } from './put-back/put-back.ts'
import { repairCopy } from './repair-copy/repair-copy.ts'
import { repairImage } from './repair-image/repair-image.ts'
import { replaceImage } from './replace-image/replace-image.ts'
import { repointParent } from './repoint-parent/repoint-parent.ts'
import { restoreImage } from './restore-image/restore-image.ts'
import { setAside } from './set-aside/set-aside.ts'
import { stageCopy } from './stage-copy/stage-copy.ts'
import { takeBackEdit } from './take-back-edit/take-back-edit.ts'
import { undoRepair } from './undo-repair/undo-repair.ts'
import { verifyImage } from './verify-image/verify-image.ts'
import { writeImage } from './write-image/write-image.ts'

/** What Varve does alike on every system; a new action is its folder and one line here. */
export const adapterTable = {
  'apply-snapshot': applySnapshot,
  'check-image': checkImage,
  'compare-images': compareImages,
  'copy-files': copyFiles,
  'create-image': createImage,
  'create-snapshot': createSnapshot,
  'delete-snapshot': deleteSnapshot,
  'digest-image': digestImage,
  'discard-copy': discardCopy,
  'discard-staged': discardStaged,
  'map-image': mapImage,
  'measure-image': measureImage,
  'move-image': moveImage,
  'prove-image': proveImage,
  'prove-same-disk': proveSameDisk,
  'publish-image': publishImage,
  'purge-image': purgeImage,
  'put-back': putBack,
  'repair-copy': repairCopy,
  'repair-image': repairImage,
  'replace-image': replaceImage,
  'repoint-parent': repointParent,
  'restore-image': restoreImage,
  'set-aside': setAside,
  'stage-copy': stageCopy,
  'take-back-edit': takeBackEdit,
  'undo-repair': undoRepair,
  'verify-image': verifyImage,
  'write-image': writeImage,
} as const satisfies AdapterTable
