import { DiskError } from '@varve/core/problems/disk-error'
import type { Action, ActionCall, InputOf, OutcomeOf } from './action.ts'
import { applySnapshot } from './apply-snapshot.ts'
import { checkAgain } from './check-again.ts'
import { checkImage } from './check-image.ts'
import { closeSource } from './close-source.ts'
import { compareDigests } from './compare-digests.ts'
import { compareImages } from './compare-images.ts'
import { copyFiles } from './copy-files.ts'
import { createImage } from './create-image.ts'
import { createSnapshot } from './create-snapshot.ts'
import { deleteSnapshot } from './delete-snapshot.ts'
import { diagnoseFolder } from './diagnose-folder.ts'
import { digestImage } from './digest-image.ts'
import { digestSource } from './digest.ts'
import { discardCopy } from './discard-copy.ts'
import { discardStaged } from './discard-staged.ts'
import { discard } from './discard.ts'
import { examineImage } from './examine-image.ts'
import { exportDisk } from './export.ts'
import { inspectImage } from './inspect-image.ts'
import { mapImage } from './map-image.ts'
import { measureImage } from './measure-image.ts'
import { measureExport } from './measure.ts'
import { moveImage } from './move-image.ts'
import { proveExport } from './prove-export.ts'
import { proveImage } from './prove-image.ts'
import { proveSameDisk } from './prove-same-disk.ts'
import { proveUpload } from './prove-upload.ts'
import { publishImage } from './publish-image.ts'
import { publish } from './publish.ts'
import { pull } from './pull.ts'
import { purgeImage } from './purge-image.ts'
import { putBack } from './put-back.ts'
import { release } from './release.ts'
import { repairCopy } from './repair-copy.ts'
import { repairImage } from './repair-image.ts'
import { replaceImage } from './replace-image.ts'
import { repointParent } from './repoint-parent.ts'
import { restoreImage } from './restore-image.ts'
import { serveImage } from './serve-image.ts'
import { setAside } from './set-aside.ts'
import { showChain } from './show-chain.ts'
import { stageCopy } from './stage-copy.ts'
import { stopServing } from './stop-serving.ts'
import { takeBackEdit } from './take-back-edit.ts'
import { undoRepair } from './undo-repair.ts'
import { verifyImage } from './verify-image.ts'
import { verify } from './verify.ts'
import { writeExport } from './write-export.ts'
import { writeImage } from './write-image.ts'

/** Every action there is; a new one is its file and one line here. */
export const actionTable = {
  'apply-snapshot': applySnapshot,
  'check-again': checkAgain,
  'check-image': checkImage,
  'close-source': closeSource,
  'compare-digests': compareDigests,
  'compare-images': compareImages,
  'copy-files': copyFiles,
  'create-image': createImage,
  'create-snapshot': createSnapshot,
  'delete-snapshot': deleteSnapshot,
  'diagnose-folder': diagnoseFolder,
  'digest-image': digestImage,
  digest: digestSource,
  'discard-copy': discardCopy,
  'discard-staged': discardStaged,
  discard: discard,
  'examine-image': examineImage,
  export: exportDisk,
  'inspect-image': inspectImage,
  'map-image': mapImage,
  'measure-image': measureImage,
  measure: measureExport,
  'move-image': moveImage,
  'prove-export': proveExport,
  'prove-image': proveImage,
  'prove-same-disk': proveSameDisk,
  'prove-upload': proveUpload,
  'publish-image': publishImage,
  publish: publish,
  pull: pull,
  'purge-image': purgeImage,
  'put-back': putBack,
  release: release,
  'repair-copy': repairCopy,
  'repair-image': repairImage,
  'replace-image': replaceImage,
  'repoint-parent': repointParent,
  'restore-image': restoreImage,
  'serve-image': serveImage,
  'set-aside': setAside,
  'show-chain': showChain,
  'stage-copy': stageCopy,
  'stop-serving': stopServing,
  'take-back-edit': takeBackEdit,
  'undo-repair': undoRepair,
  'verify-image': verifyImage,
  verify: verify,
  'write-export': writeExport,
  'write-image': writeImage,
} as const

export type ActionName = keyof typeof actionTable
export type ActionInput<N extends ActionName> = InputOf<(typeof actionTable)[N]>
export type ActionOutcome<N extends ActionName> = OutcomeOf<(typeof actionTable)[N]>

export function isActionName(name: string): name is ActionName {
  return Object.hasOwn(actionTable, name)
}

/** The action of that name; throws `invalid-request` when there is none. */
export function findAction(name: string): Action {
  if (isActionName(name)) return actionTable[name]
  throw new DiskError('invalid-request', {
    file: name,
    reason: 'this version of Varve has no action of that name',
  })
}

/** The call with its input checked; throws `invalid-request` when it is not what the action takes. */
export function checkedCall({ action: name, input }: ActionCall): { action: Action; input: unknown } {
  const action = findAction(name)
  const parsed = action.input.safeParse(input)
  if (parsed.success) return { action, input: parsed.data }
  const first = parsed.error.issues[0]
  const reason = `${first?.path.join('.') ?? ''}: ${first?.message ?? 'it is not what the action takes'}`
  throw new DiskError('invalid-request', { file: name, reason })
}
