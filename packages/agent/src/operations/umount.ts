import { realpath } from 'node:fs/promises'
import { attachedNow, mountedDevices } from '@varve/engine/attached/attached-now'
import { processesIn } from '@varve/engine/attached/processes-in'
import { registryIn } from '@varve/engine/attached/registry'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { umountOperation } from '@varve/operations/umount/plan'
import { toAttachedView } from './attached-view.ts'
import { deviceWays, windowsNow } from './device-ways.ts'
import { defineLocalOperation } from './local-operation.ts'
import { gatherUmountOnWindows } from './mount-on-windows.ts'
import { gatherUmountOnMac, macNow } from './on-macos.ts'

export const umountHere = defineLocalOperation(umountOperation, async (request, context) => {
  const mac = await macNow(context)
  if (mac) return await gatherUmountOnMac(request.folder, context, mac)
  const windows = await windowsNow(context)
  if (windows) return await gatherUmountOnWindows(request.folder, context, windows)
  const { ports, host } = context
  const ways = await deviceWays(context)
  const folder = await realpath(request.folder).catch(() => request.folder)
  const none = {
    host,
    ways,
    folder,
    mounted: null,
    attached: null,
    isFolderOurs: false,
    isDeviceOurs: false,
    busy: [],
  }
  const registry = registryIn(ports.runtimeFolder)
  // The last mount at a folder is the one that is seen.
  // Agents say nothing of what lies elsewhere.
  if (!libraryRoots(ports.roots).holds(folder)) return none
  const mounted = mountedDevices(registry.roots).findLast((mount) => mount.folder === folder)?.device ?? null
  const libraries = libraryRoots(ports.roots)
  const found = (await attachedNow(registry)).find(
    ({ note }) => libraries.holds(note.image) && note.mounts.some((mount) => mount.folder === folder),
  )
  if (!found) return { ...none, mounted }
  return {
    ...none,
    mounted,
    attached: toAttachedView(found),
    isFolderOurs: found.note.mounts.some((mount) => mount.folder === folder && mount.isFolderOurs),
    isDeviceOurs: found.note.purpose === 'mount',
    busy: mounted === null ? [] : processesIn(folder, registry.roots),
  }
})
