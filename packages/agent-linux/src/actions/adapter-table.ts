import { adapterTable } from '@varve/agent/actions/adapter-table'
import type { AdapterTable } from '@varve/agent/actions/adapter'

/** What only Linux does, loaded when it is first wanted; a new action is its folder and one line here. */
export const linuxActions = {
  'attach-by-qemu': async () => (await import('./attach-by-qemu/attach-by-qemu.ts')).attachByQemu,
  'attach-loop': async () => (await import('./attach-loop/attach-loop.ts')).attachLoop,
  'attach-nbd': async () => (await import('./attach-nbd/attach-nbd.ts')).attachNbd,
  'check-filesystem': async () => (await import('./check-filesystem/check-filesystem.ts')).checkFilesystem,
  'clear-volume': async () => (await import('./clear-volume/clear-volume.ts')).clearVolume,
  'close-luks': async () => (await import('./close-luks/close-luks.ts')).closeLuks,
  'copy-guest-files': async () => (await import('./copy-guest-files/copy-guest-files.ts')).copyGuestFiles,
  'convert-table': async () => (await import('./convert-table/convert-table.ts')).convertTable,
  'detach-by-qemu': async () => (await import('./detach-by-qemu/detach-by-qemu.ts')).detachByQemu,
  'detach-loop': async () => (await import('./detach-loop/detach-loop.ts')).detachLoop,
  'detach-nbd': async () => (await import('./detach-nbd/detach-nbd.ts')).detachNbd,
  'digest-files': async () => (await import('./digest-files/digest-files.ts')).digestFiles,
  'discard-snapshot': async () => (await import('./discard-snapshot/discard-snapshot.ts')).discardSnapshot,
  'discard-volume': async () => (await import('./discard-volume/discard-volume.ts')).discardVolume,
  'end-serving': async () => (await import('./end-serving/end-serving.ts')).endServing,
  'find-extents': async () => (await import('./find-extents/find-extents.ts')).findExtents,
  'find-filesystem': async () => (await import('./find-filesystem/find-filesystem.ts')).findFilesystem,
  'forget-attachment': async () =>
    (await import('./forget-attachment/forget-attachment.ts')).forgetAttachment,
  'hide-from-udev': async () => (await import('./hide-from-udev/hide-from-udev.ts')).hideFromUdev,
  'hide-volume': async () => (await import('./hide-volume/hide-volume.ts')).hideVolume,
  'load-module': async () => (await import('./load-module/load-module.ts')).loadModule,
  'make-filesystem': async () => (await import('./make-filesystem/make-filesystem.ts')).makeFilesystem,
  'make-volume': async () => (await import('./make-volume/make-volume.ts')).makeVolume,
  'map-volume': async () => (await import('./map-volume/map-volume.ts')).mapVolume,
  'measure-minimum': async () => (await import('./measure-minimum/measure-minimum.ts')).measureMinimum,
  'mount-filesystem': async () => (await import('./mount-filesystem/mount-filesystem.ts')).mountFilesystem,
  'name-volume': async () => (await import('./name-volume/name-volume.ts')).nameVolume,
  'open-luks': async () => (await import('./open-luks/open-luks.ts')).openLuks,
  'place-partition': async () => (await import('./place-partition/place-partition.ts')).placePartition,
  'prepare-folder': async () => (await import('./prepare-folder/prepare-folder.ts')).prepareFolder,
  'prove-filesystem': async () => (await import('./prove-filesystem/prove-filesystem.ts')).proveFilesystem,
  'prove-volume': async () => (await import('./prove-volume/prove-volume.ts')).proveVolume,
  'read-partitions': async () => (await import('./read-partitions/read-partitions.ts')).readPartitions,
  'release-folder': async () => (await import('./release-folder/release-folder.ts')).releaseFolder,
  'relocate-table': async () => (await import('./relocate-table/relocate-table.ts')).relocateTable,
  'remove-mapping': async () => (await import('./remove-mapping/remove-mapping.ts')).removeMapping,
  'remove-snapshot': async () => (await import('./remove-snapshot/remove-snapshot.ts')).removeSnapshot,
  'remove-volume': async () => (await import('./remove-volume/remove-volume.ts')).removeVolume,
  'reserve-device': async () => (await import('./reserve-device/reserve-device.ts')).reserveDevice,
  'resize-filesystem': async () =>
    (await import('./resize-filesystem/resize-filesystem.ts')).resizeFilesystem,
  'resize-partition': async () => (await import('./resize-partition/resize-partition.ts')).resizePartition,
  'resize-volume': async () => (await import('./resize-volume/resize-volume.ts')).resizeVolume,
  'serve-device': async () => (await import('./serve-device/serve-device.ts')).serveDevice,
  'shrink-physical': async () => (await import('./shrink-physical/shrink-physical.ts')).shrinkPhysical,
  'shrink-volume': async () => (await import('./shrink-volume/shrink-volume.ts')).shrinkVolume,
  'snapshot-volume': async () => (await import('./snapshot-volume/snapshot-volume.ts')).snapshotVolume,
  'unmount-folder': async () => (await import('./unmount-folder/unmount-folder.ts')).unmountFolder,
  'write-volume': async () => (await import('./write-volume/write-volume.ts')).writeVolume,
} as const satisfies AdapterTable

/** Everything that a Linux host does. */
export const linuxAdapters: AdapterTable = { ...adapterTable, ...linuxActions }
