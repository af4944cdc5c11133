import { adapterTable } from '@varve/agent/actions/adapter-table'
import type { AdapterTable } from '@varve/agent/actions/adapter'
import type { MacHost } from '@varve/agent/platform/macos-host'
import type { Waits } from './waits.ts'

/** What the actions of macOS are done by. */
export interface MacPorts {
  readonly mac: MacHost
  /** Tests wait less. */
  readonly waits?: Waits
}

/** What only macOS does, loaded when it is first wanted; a new action is its folder and one line here. */
export function macosActions(ports: MacPorts): AdapterTable {
  return {
    'attach-disk-image': async () =>
      (await import('./attach-disk-image/attach-disk-image.ts')).attachDiskImage(ports),
    'detach-disk-image': async () =>
      (await import('./detach-disk-image/detach-disk-image.ts')).detachDiskImage(ports),
    'list-attached': async () => (await import('./list-attached/list-attached.ts')).listAttached(ports),
    'mount-disk-volume': async () =>
      (await import('./mount-disk-volume/mount-disk-volume.ts')).mountDiskVolume(ports),
    'prepare-folder': async () => (await import('./prepare-folder/prepare-folder.ts')).prepareFolder(ports),
    'release-folder': async () => (await import('./release-folder/release-folder.ts')).releaseFolder,
    'unmount-disk-volume': async () =>
      (await import('./unmount-disk-volume/unmount-disk-volume.ts')).unmountDiskVolume(ports),
  }
}

/** Everything that a Mac does. */
export function macosAdapters(ports: MacPorts): AdapterTable {
  return { ...adapterTable, ...macosActions(ports) }
}
