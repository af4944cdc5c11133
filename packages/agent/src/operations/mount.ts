import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { AttachFacts } from '@varve/operations/attach/facts'
import { mountedDevices } from '@varve/engine/attached/attached-now'
import { registryIn } from '@varve/engine/attached/registry'
import { mountedBtrfs } from '@varve/engine/attached/mounted-btrfs'
import type { MountFacts } from '@varve/operations/mount/facts'
import { mountOperation } from '@varve/operations/mount/plan'
import type { MountRequest } from '@varve/operations/mount/request'
import { gatherAttach, type GuestLooking } from './attach.ts'
import { windowsNow } from './device-ways.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'
import { gatherMountOnWindows } from './mount-on-windows.ts'
import { contentsOf, outsideProblems, stateOfFolder } from './mount-place.ts'
import { gatherAttachOnMac, macNow, mountPointsOf, usableOnMac, type MacNow } from './on-macos.ts'

export const mountHere = defineLocalOperation(
  mountOperation,
  async (request, context): Promise<MountFacts> => {
    const windows = await windowsNow(context)
    if (windows) return await gatherMountOnWindows(request, context, windows)
    const mac = await macNow(context)
    if (mac) return await gatherOnMac(request, context, mac)
    const { facts, report, attached } = await gatherAttach(request, context, lookingFor(request))
    const registry = registryIn(context.ports.runtimeFolder)
    const folder = await placeOf(request.folder)
    const outside = outsideProblems(folder, context)
    if (outside.length > 0)
      return { ...facts, problems: [...facts.problems, ...outside], ...nothingThere(folder) }
    const mounts = new Set(mountedDevices(registry.roots).map((mount) => mount.folder))
    const usable = attached.find(
      ({ state, note }) =>
        state === 'live' && note.purpose === 'attach' && note.isReadOnly && !note.isThrowAway,
    )
    return {
      ...facts,
      folder,
      folderIs: mounts.has(folder) ? 'mount-point' : await stateOfFolder(folder),
      ...contentsOf(report),
      attached: usable
        ? {
            attachment: usable.note.id,
            device: usable.note.device,
            volumes: usable.volumes.map(({ device }) => device),
          }
        : null,
      hostBtrfs: mountedBtrfs(registry.roots.sys),
    }
  },
)

async function gatherOnMac(request: MountRequest, context: FactsContext, mac: MacNow): Promise<MountFacts> {
  const { facts, report, there } = await gatherAttachOnMac(request, context, mac)
  const folder = await placeOf(request.folder)
  const outside = outsideProblems(folder, context)
  if (outside.length > 0)
    return { ...facts, problems: [...facts.problems, ...outside], ...nothingThere(folder) }
  return {
    ...facts,
    folder,
    folderIs: mountPointsOf(mac.now).has(folder) ? 'mount-point' : await stateOfFolder(folder),
    ...contentsOf(report),
    attached: usableOnMac(there),
    hostBtrfs: [],
  }
}

/** What is not told of a folder that is not to be used. */
function nothingThere(folder: string): Omit<MountFacts, keyof AttachFacts> {
  return { folder, folderIs: 'missing', filesystems: [], others: [], attached: null, hostBtrfs: [] }
}

/** Nobody looks into volumes where something else is meant, or where they are not to be seen. */
function lookingFor({ partition, volume, isLuks }: MountRequest): GuestLooking {
  return {
    volumes: !isLuks,
    isLookedInto: (one) =>
      volume === null ? partition === null : one.group === volume.group && one.name === volume.name,
  }
}

/** The folder, links resolved; of one that is to be made, the folder that it is made in. */
async function placeOf(folder: string): Promise<string> {
  return await realpath(folder).catch(async () => {
    const parent = await realpath(dirname(folder)).catch(() => dirname(folder))
    return join(parent, basename(folder))
  })
}
