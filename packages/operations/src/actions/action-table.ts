import { DiskError } from '@varve/core/problems/disk-error'
import type { Action, ActionCall, InputOf, OutcomeOf } from './action.ts'
import { checkImage } from './check-image.ts'
import { compareImages } from './compare-images.ts'
import { createImage } from './create-image.ts'
import { digestImage } from './digest-image.ts'
import { discardStaged } from './discard-staged.ts'
import { mapImage } from './map-image.ts'
import { measureImage } from './measure-image.ts'
import { proveImage } from './prove-image.ts'
import { proveSameDisk } from './prove-same-disk.ts'
import { publishImage } from './publish-image.ts'
import { purgeImage } from './purge-image.ts'
import { putBack } from './put-back.ts'
import { repairCopy } from './repair-copy.ts'
import { repairImage } from './repair-image.ts'
import { replaceImage } from './replace-image.ts'
import { repointParent } from './repoint-parent.ts'
import { restoreImage } from './restore-image.ts'
import { setAside } from './set-aside.ts'
import { stageCopy } from './stage-copy.ts'
import { takeBackEdit } from './take-back-edit.ts'
import { undoRepair } from './undo-repair.ts'
import { writeImage } from './write-image.ts'
import { createSnapshot } from './create-snapshot.ts'
import { deleteSnapshot } from './delete-snapshot.ts'
import { applySnapshot } from './apply-snapshot.ts'

/** Every action there is; a new one is its file and one line here. */
export const actionTable = {
  'apply-snapshot': applySnapshot,
  'check-image': checkImage,
  'compare-images': compareImages,
  'create-image': createImage,
  'create-snapshot': createSnapshot,
  'delete-snapshot': deleteSnapshot,
  'digest-image': digestImage,
  'discard-staged': discardStaged,
  'map-image': mapImage,
  'measure-image': measureImage,
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
