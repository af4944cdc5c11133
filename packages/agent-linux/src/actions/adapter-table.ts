import { adapterTable } from '@varve/agent/actions/adapter-table'
import type { AdapterTable } from '@varve/agent/actions/adapter'

/** What only Linux does, loaded when it is first wanted; a new action is its folder and one line here. */
export const linuxActions = {
  'attach-by-qemu': async () => (await import('./attach-by-qemu/attach-by-qemu.ts')).attachByQemu,
  'attach-loop': async () => (await import('./attach-loop/attach-loop.ts')).attachLoop,
  'attach-nbd': async () => (await import('./attach-nbd/attach-nbd.ts')).attachNbd,
  'check-filesystem': async () => (await import('./check-filesystem/check-filesystem.ts')).checkFilesystem,
  'detach-by-qemu': async () => (await import('./detach-by-qemu/detach-by-qemu.ts')).detachByQemu,
  'detach-loop': async () => (await import('./detach-loop/detach-loop.ts')).detachLoop,
  'detach-nbd': async () => (await import('./detach-nbd/detach-nbd.ts')).detachNbd,
  'digest-files': async () => (await import('./digest-files/digest-files.ts')).digestFiles,
  'end-serving': async () => (await import('./end-serving/end-serving.ts')).endServing,
  'forget-attachment': async () =>
    (await import('./forget-attachment/forget-attachment.ts')).forgetAttachment,
  'load-module': async () => (await import('./load-module/load-module.ts')).loadModule,
  'measure-minimum': async () => (await import('./measure-minimum/measure-minimum.ts')).measureMinimum,
  'mount-filesystem': async () => (await import('./mount-filesystem/mount-filesystem.ts')).mountFilesystem,
  'prepare-folder': async () => (await import('./prepare-folder/prepare-folder.ts')).prepareFolder,
  'read-partitions': async () => (await import('./read-partitions/read-partitions.ts')).readPartitions,
  'release-folder': async () => (await import('./release-folder/release-folder.ts')).releaseFolder,
  'relocate-table': async () => (await import('./relocate-table/relocate-table.ts')).relocateTable,
  'reserve-device': async () => (await import('./reserve-device/reserve-device.ts')).reserveDevice,
  'resize-filesystem': async () =>
    (await import('./resize-filesystem/resize-filesystem.ts')).resizeFilesystem,
  'resize-partition': async () => (await import('./resize-partition/resize-partition.ts')).resizePartition,
  'serve-device': async () => (await import('./serve-device/serve-device.ts')).serveDevice,
  'unmount-folder': async () => (await import('./unmount-folder/unmount-folder.ts')).unmountFolder,
} as const satisfies AdapterTable

/** Everything that a Linux host does. */
export const linuxAdapters: AdapterTable = { ...adapterTable, ...linuxActions }
