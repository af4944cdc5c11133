import type { InputOf, OutcomeOf } from './action.ts'
import { applySnapshot } from './apply-snapshot.ts'
import { attachDiskImage } from './attach-disk-image.ts'
import { attachLoop } from './attach-loop.ts'
import { attachByQemu, attachNbd } from './attach-nbd.ts'
import { attachVhd } from './attach-vhd.ts'
import { bringOnline } from './bring-online.ts'
import { checkAgain } from './check-again.ts'
import { checkFilesystem } from './check-filesystem.ts'
import { checkImage } from './check-image.ts'
import { clearVolume } from './clear-volume.ts'
import { applyCheckpoint, createCheckpoint, deleteCheckpoint, setCheckpointKind } from './checkpoints.ts'
import { closeSource } from './close-source.ts'
import { compareDigests } from './compare-digests.ts'
import { compactVhd } from './compact-vhd.ts'
import { compareImages } from './compare-images.ts'
import { copyFiles } from './copy-files.ts'
import { copyFlags } from './copy-flags.ts'
import { copyGuestFiles } from './copy-guest-files.ts'
import { convertTable } from './convert-table.ts'
import { copyPartition } from './copy-partition.ts'
import { copyVolume } from './copy-volume.ts'
import { createImage } from './create-image.ts'
import { createSnapshot } from './create-snapshot.ts'
import { cutImage } from './cut-image.ts'
import { cutVolume } from './cut-volume.ts'
import { deleteSnapshot } from './delete-snapshot.ts'
import { detachDiskImage } from './detach-disk-image.ts'
import { detachByQemu, detachLoop, detachNbd } from './detach-loop.ts'
import { detachVhd } from './detach-vhd.ts'
import { diagnoseFolder } from './diagnose-folder.ts'
import { digestFiles } from './digest-files.ts'
import { digestImage } from './digest-image.ts'
import { digestVolume } from './digest-volume.ts'
import { digestSource } from './digest.ts'
import { discardCopy } from './discard-copy.ts'
import { discardFree } from './discard-free.ts'
import { discardSnapshot } from './discard-snapshot.ts'
import { discardStaged } from './discard-staged.ts'
import { discardVolume } from './discard-volume.ts'
import { discard } from './discard.ts'
import { endServing } from './end-serving.ts'
import { examineByTool } from './examine-by-tool.ts'
import { examineImage } from './examine-image.ts'
import { exportDisk } from './export.ts'
import { discardExport, exportDistribution } from './export-distribution.ts'
import { extendImage } from './extend-image.ts'
import { extendVolume } from './extend-volume.ts'
import { findExtents } from './find-extents.ts'
import { findFilesystem } from './find-filesystem.ts'
import { forgetAttachment } from './forget-attachment.ts'
import { forgetMedia } from './forget-media.ts'
import { hideVolume } from './hide-volume.ts'
import { hideFromUdev } from './hide-from-udev.ts'
import { importDistribution, unregisterDistribution } from './import-distribution.ts'
import { inspectImage } from './inspect-image.ts'
import { listAttached } from './list-attached.ts'
import { listPlaces } from './list-places.ts'
import { listQuarantine } from './list-quarantine.ts'
import { listRuns } from './list-runs.ts'
import { loadModule } from './load-module.ts'
import { makeFilesystem } from './make-filesystem.ts'
import { makeVolume } from './make-volume.ts'
import { mapImage } from './map-image.ts'
import { mapVolume } from './map-volume.ts'
import { measureFiles } from './measure-files.ts'
import { measureImage } from './measure-image.ts'
import { measureMinimum } from './measure-minimum.ts'
import { measurePartition } from './measure-partition.ts'
import { measureExport } from './measure.ts'
import { measureVolume } from './measure-volume.ts'
import { mountDiskVolume } from './mount-disk-volume.ts'
import { mountFilesystem } from './mount-filesystem.ts'
import { moveDistribution } from './move-distribution.ts'
import { mountPartition } from './mount-partition.ts'
import { moveImage } from './move-image.ts'
import { nameVolume } from './name-volume.ts'
import { closeLuks, openLuks } from './open-luks.ts'
import { placePartition } from './place-partition.ts'
import { prepareFolder } from './prepare-folder.ts'
import { proveExport } from './prove-export.ts'
import { proveFilesystem } from './prove-filesystem.ts'
import { proveImage } from './prove-image.ts'
import { proveSameDisk } from './prove-same-disk.ts'
import { proveTable } from './prove-table.ts'
import { proveUnchanged } from './prove-unchanged.ts'
import { proveUpload } from './prove-upload.ts'
import { proveVolume } from './prove-volume.ts'
import { publishImage } from './publish-image.ts'
import { publish } from './publish.ts'
import { pull } from './pull.ts'
import { pullVolume } from './pull-volume.ts'
import { purgeImage } from './purge-image.ts'
import { putBack } from './put-back.ts'
import { readPartitions } from './read-partitions.ts'
import { releaseFolder } from './release-folder.ts'
import { release } from './release.ts'
import { relocateTable } from './relocate-table.ts'
import { removeSnapshot } from './remove-snapshot.ts'
import { removeVolume } from './remove-volume.ts'
import { removeMapping } from './remove-mapping.ts'
import { repairCopy } from './repair-copy.ts'
import { repairImage } from './repair-image.ts'
import { replaceImage } from './replace-image.ts'
import { replaceVolume } from './replace-volume.ts'
import { resizeByStorage } from './resize-by-storage.ts'
import { repointParent } from './repoint-parent.ts'
import { reserveDevice } from './reserve-device.ts'
import { resizeDistribution } from './resize-distribution.ts'
import { resizeFilesystem } from './resize-filesystem.ts'
import { resizePartition } from './resize-partition.ts'
import { resizeVhd } from './resize-vhd.ts'
import { resizeVolume } from './resize-volume.ts'
import { restoreImage } from './restore-image.ts'
import { restoreVolume } from './restore-volume.ts'
import { scanVolume } from './scan-volume.ts'
import { serveDevice } from './serve-device.ts'
import { serveImage } from './serve-image.ts'
import { setAside } from './set-aside.ts'
import { setParent } from './set-parent.ts'
import { retrimDisk } from './retrim-disk.ts'
import { setSparse } from './set-sparse.ts'
import { showChain } from './show-chain.ts'
import { shrinkPhysical } from './shrink-physical.ts'
import { shrinkVolume } from './shrink-volume.ts'
import { snapshotVolume } from './snapshot-volume.ts'
import { stageCopy } from './stage-copy.ts'
import { stopDistribution } from './stop-distribution.ts'
import { stopServing } from './stop-serving.ts'
import { surveyReclaim } from './survey-reclaim.ts'
import { takeBackEdit } from './take-back-edit.ts'
import { tellBeginning } from './tell-beginning.ts'
import { trimDistribution } from './trim-distribution.ts'
import { undoRepair } from './undo-repair.ts'
import { unmountDiskVolume } from './unmount-disk-volume.ts'
import { unmountFolder } from './unmount-folder.ts'
import { unmountPartition } from './unmount-partition.ts'
import { verifyImage } from './verify-image.ts'
import { verify } from './verify.ts'
import { weighReclaimed } from './weigh-reclaimed.ts'
import { weighVolume } from './weigh-volume.ts'
import { writeByTool } from './write-by-tool.ts'
import { writeExport } from './write-export.ts'
import { writeImage } from './write-image.ts'
import { writeVolume } from './write-volume.ts'

/** Every action there is; a new one is its file and one line here. */
export const actionTable = {
  'apply-checkpoint': applyCheckpoint,
  'apply-snapshot': applySnapshot,
  'attach-by-qemu': attachByQemu,
  'attach-disk-image': attachDiskImage,
  'attach-loop': attachLoop,
  'attach-nbd': attachNbd,
  'attach-vhd': attachVhd,
  'bring-online': bringOnline,
  'check-again': checkAgain,
  'check-filesystem': checkFilesystem,
  'check-image': checkImage,
  'clear-volume': clearVolume,
  'close-luks': closeLuks,
  'close-source': closeSource,
  'compare-digests': compareDigests,
  'compact-vhd': compactVhd,
  'compare-images': compareImages,
  'copy-files': copyFiles,
  'copy-flags': copyFlags,
  'copy-guest-files': copyGuestFiles,
  'convert-table': convertTable,
  'copy-partition': copyPartition,
  'copy-volume': copyVolume,
  'create-checkpoint': createCheckpoint,
  'create-image': createImage,
  'create-snapshot': createSnapshot,
  'cut-image': cutImage,
  'cut-volume': cutVolume,
  'delete-checkpoint': deleteCheckpoint,
  'delete-snapshot': deleteSnapshot,
  'detach-by-qemu': detachByQemu,
  'detach-disk-image': detachDiskImage,
  'detach-loop': detachLoop,
  'detach-nbd': detachNbd,
  'detach-vhd': detachVhd,
  'diagnose-folder': diagnoseFolder,
  digest: digestSource,
  'digest-files': digestFiles,
  'digest-image': digestImage,
  'digest-volume': digestVolume,
  discard: discard,
  'discard-copy': discardCopy,
  'discard-export': discardExport,
  'discard-free': discardFree,
  'discard-snapshot': discardSnapshot,
  'discard-staged': discardStaged,
  'discard-volume': discardVolume,
  'end-serving': endServing,
  'examine-by-tool': examineByTool,
  'examine-image': examineImage,
  export: exportDisk,
  'export-distribution': exportDistribution,
  'extend-image': extendImage,
  'extend-volume': extendVolume,
  'find-extents': findExtents,
  'find-filesystem': findFilesystem,
  'forget-attachment': forgetAttachment,
  'forget-media': forgetMedia,
  'hide-from-udev': hideFromUdev,
  'hide-volume': hideVolume,
  'import-distribution': importDistribution,
  'inspect-image': inspectImage,
  'list-attached': listAttached,
  'list-places': listPlaces,
  'list-quarantine': listQuarantine,
  'list-runs': listRuns,
  'load-module': loadModule,
  'make-filesystem': makeFilesystem,
  'make-volume': makeVolume,
  'map-image': mapImage,
  'map-volume': mapVolume,
  measure: measureExport,
  'measure-files': measureFiles,
  'measure-image': measureImage,
  'measure-minimum': measureMinimum,
  'measure-partition': measurePartition,
  'measure-volume': measureVolume,
  'mount-disk-volume': mountDiskVolume,
  'mount-filesystem': mountFilesystem,
  'move-distribution': moveDistribution,
  'mount-partition': mountPartition,
  'move-image': moveImage,
  'name-volume': nameVolume,
  'open-luks': openLuks,
  'place-partition': placePartition,
  'prepare-folder': prepareFolder,
  'prove-export': proveExport,
  'prove-filesystem': proveFilesystem,
  'prove-image': proveImage,
  'prove-same-disk': proveSameDisk,
  'prove-table': proveTable,
  'prove-unchanged': proveUnchanged,
  'prove-upload': proveUpload,
  'prove-volume': proveVolume,
  publish: publish,
  'publish-image': publishImage,
  pull: pull,
  'pull-volume': pullVolume,
  'purge-image': purgeImage,
  'put-back': putBack,
  'read-partitions': readPartitions,
  release: release,
  'release-folder': releaseFolder,
  'relocate-table': relocateTable,
  'remove-mapping': removeMapping,
  'remove-snapshot': removeSnapshot,
  'remove-volume': removeVolume,
  'repair-copy': repairCopy,
  'repair-image': repairImage,
  'replace-image': replaceImage,
  'replace-volume': replaceVolume,
  'repoint-parent': repointParent,
  'reserve-device': reserveDevice,
  'resize-by-storage': resizeByStorage,
  'resize-distribution': resizeDistribution,
  'resize-filesystem': resizeFilesystem,
  'resize-partition': resizePartition,
  'resize-vhd': resizeVhd,
  'resize-volume': resizeVolume,
  'restore-image': restoreImage,
  'restore-volume': restoreVolume,
  'scan-volume': scanVolume,
  'serve-device': serveDevice,
  'serve-image': serveImage,
  'set-aside': setAside,
  'set-checkpoint-kind': setCheckpointKind,
  'set-parent': setParent,
  'retrim-disk': retrimDisk,
  'set-sparse': setSparse,
  'show-chain': showChain,
  'shrink-physical': shrinkPhysical,
  'shrink-volume': shrinkVolume,
  'snapshot-volume': snapshotVolume,
  'stage-copy': stageCopy,
  'stop-distribution': stopDistribution,
  'stop-serving': stopServing,
  'survey-reclaim': surveyReclaim,
  'take-back-edit': takeBackEdit,
  'tell-beginning': tellBeginning,
  'trim-distribution': trimDistribution,
  'undo-repair': undoRepair,
  'unmount-disk-volume': unmountDiskVolume,
  'unmount-folder': unmountFolder,
  'unregister-distribution': unregisterDistribution,
  'unmount-partition': unmountPartition,
  verify: verify,
  'verify-image': verifyImage,
  'weigh-reclaimed': weighReclaimed,
  'weigh-volume': weighVolume,
  'write-by-tool': writeByTool,
  'write-export': writeExport,
  'write-image': writeImage,
  'write-volume': writeVolume,
} as const

export type ActionName = keyof typeof actionTable
export type ActionInput<N extends ActionName> = InputOf<(typeof actionTable)[N]>
export type ActionOutcome<N extends ActionName> = OutcomeOf<(typeof actionTable)[N]>

// Whoever takes these from here has every action at hand.
export { checkedCall, findAction } from './known-actions.ts'
