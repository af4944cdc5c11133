import { lstat, readdir, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ImageReport } from '@varve/core/image/image-report'
import { mountedDevices } from '@varve/engine/attached/attached-now'
import { registryIn } from '@varve/engine/attached/registry'
import { mountedBtrfs } from '@varve/engine/attached/mounted-btrfs'
import type { MountFacts } from '@varve/operations/mount/facts'
import { mountOperation } from '@varve/operations/mount/plan'
import type { MountRequest } from '@varve/operations/mount/request'
import { gatherAttach, type GuestLooking } from './attach.ts'
import { placesOf } from './guest-places.ts'
import { defineLocalOperation } from './local-operation.ts'

export const mountHere = defineLocalOperation(
  mountOperation,
  async (request, context): Promise<MountFacts> => {
    const { facts, report, attached } = await gatherAttach(request, context, lookingFor(request))
    const registry = registryIn(context.ports.runtimeFolder)
    const folder = await placeOf(request.folder)
    const mounts = new Set(mountedDevices(registry.roots).map((mount) => mount.folder))
    const usable = attached.find(
      ({ state, note }) =>
        state === 'live' && note.purpose === 'attach' && note.isReadOnly && !note.isThrowAway,
    )
    return {
      ...facts,
      folder,
      folderIs: mounts.has(folder) ? 'mount-point' : await stateOf(folder),
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

async function stateOf(folder: string): Promise<Exclude<MountFacts['folderIs'], 'mount-point'>> {
  const stats = await lstat(folder).catch(() => null)
  if (stats === null) {
    const parent = await lstat(dirname(folder)).catch(() => null)
    return parent?.isDirectory() === true ? 'missing' : 'nowhere'
  }
  if (!stats.isDirectory()) return 'no-folder'
  return (await readdir(folder)).length === 0 ? 'empty' : 'used'
}

/** What lies in which partition, as its own number has it. */
function contentsOf(report: ImageReport | null): Pick<MountFacts, 'filesystems' | 'others'> {
  const guest = report?.guest
  if (!guest) return { filesystems: [], others: [] }
  const { isPlace, partitionAt } = placesOf(guest)
  return {
    filesystems: guest.filesystems.filter(isPlace).map(({ start, type, label, uuid, state }) => ({
      partition: partitionAt(start),
      type,
      label,
      uuid,
      state,
    })),
    others: guest.volumes.filter(isPlace).map(({ start, type }) => ({ partition: partitionAt(start), type })),
  }
}
