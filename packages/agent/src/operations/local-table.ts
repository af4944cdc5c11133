import { DiskError } from '@varve/core/problems/disk-error'
import type { LocalOperation } from './local-operation.ts'

/** The operations that one host plans by itself, loaded when they are first wanted; a new one is its file and one line here. */
export const localOperations = {
  'apply-volume-snapshot': async () => (await import('./volumes.ts')).applyVolumeSnapshotHere,
  attach: async () => (await import('./attach.ts')).attachHere,
  attached: async () => (await import('./attached.ts')).attachedHere,
  'chain-commit': async () => (await import('./chain-change.ts')).chainCommitHere,
  'chain-flatten': async () => (await import('./chain-change.ts')).chainFlattenHere,
  'chain-rebase': async () => (await import('./chain-change.ts')).chainRebaseHere,
  'chain-repoint': async () => (await import('./chain-repoint.ts')).chainRepointHere,
  'chain-show': async () => (await import('./read-operations.ts')).chainShowHere,
  check: async () => (await import('./read-operations.ts')).checkHere,
  clone: async () => (await import('./clone.ts')).cloneHere,
  compare: async () => (await import('./read-operations.ts')).compareHere,
  convert: async () => (await import('./convert.ts')).convertHere,
  create: async () => (await import('./create.ts')).createHere,
  'create-volume': async () => (await import('./volumes.ts')).createVolumeHere,
  delete: async () => (await import('./delete.ts')).deleteHere,
  'delete-volume': async () => (await import('./volumes.ts')).deleteVolumeHere,
  detach: async () => (await import('./detach.ts')).detachHere,
  digest: async () => (await import('./read-operations.ts')).digestHere,
  doctor: async () => (await import('./read-operations.ts')).doctorHere,
  'export-distribution': async () => (await import('./distribution-files.ts')).exportDistributionHere,
  grow: async () => (await import('./grow.ts')).growHere,
  'import-distribution': async () => (await import('./distribution-files.ts')).importDistributionHere,
  info: async () => (await import('./read-operations.ts')).infoHere,
  map: async () => (await import('./read-operations.ts')).mapHere,
  measure: async () => (await import('./read-operations.ts')).measureHere,
  mount: async () => (await import('./mount.ts')).mountHere,
  move: async () => (await import('./move.ts')).moveHere,
  places: async () => (await import('./read-operations.ts')).placesHere,
  purge: async () => (await import('./purge.ts')).purgeHere,
  quarantine: async () => (await import('./read-operations.ts')).quarantineHere,
  reclaim: async () => (await import('./reclaim.ts')).reclaimHere,
  'reclaim-report': async () => (await import('./read-operations.ts')).reclaimReportHere,
  repair: async () => (await import('./repair.ts')).repairHere,
  restore: async () => (await import('./restore.ts')).restoreHere,
  runs: async () => (await import('./read-operations.ts')).runsHere,
  serve: async () => (await import('./read-operations.ts')).serveHere,
  'set-sparse': async () => (await import('./distribution-disk.ts')).setSparseHere,
  shrink: async () => (await import('./shrink.ts')).shrinkHere,
  'snapshot-apply': async () => (await import('./snapshots.ts')).snapshotApplyHere,
  'snapshot-create': async () => (await import('./snapshots.ts')).snapshotCreateHere,
  'snapshot-delete': async () => (await import('./snapshots.ts')).snapshotDeleteHere,
  'snapshot-volume': async () => (await import('./volumes.ts')).snapshotVolumeHere,
  umount: async () => (await import('./umount.ts')).umountHere,
  upload: async () => (await import('./upload.ts')).uploadHere,
  verify: async () => (await import('./read-operations.ts')).verifyHere,
  'write-export': async () => (await import('./write-export.ts')).writeExportHere,
  'write-volume': async () => (await import('./volumes.ts')).writeVolumeHere,
} as const satisfies Record<string, () => Promise<LocalOperation>>

export type LocalOperationName = keyof typeof localOperations

/** The operation of that name; throws `invalid-request` when this host has none. */
export async function findLocalOperation(name: string): Promise<LocalOperation> {
  if (Object.hasOwn(localOperations, name)) return await localOperations[name as LocalOperationName]()
  throw new DiskError('invalid-request', { file: name, reason: 'this host has no operation of that name' })
}
