import type { ReadPlaces } from '@varve/agent/actions/adapter'
import type { ReadMacMachines } from '@varve/agent/platform/mac-machines'
import { isBelow } from '@varve/agent/library/library-path'
import type { PlacesView } from '@varve/protocol/places'

/** Adds the machines of the Mac to its places: all of them, or those with a disk in one of the folders. */
export function withMachines(readPlaces: ReadPlaces, readMachines: ReadMacMachines): ReadPlaces {
  return async (tools, wanted): Promise<PlacesView> => {
    const { folders, signal } = wanted
    const [places, { machines, unread }] = await Promise.all([
      readPlaces(tools, wanted),
      readMachines({ named: folders ?? [], ...(signal && { signal }) }),
    ])
    const told = machines.filter(
      ({ disks }) =>
        folders === null || disks.some(({ path }) => folders.some((folder) => isBelow(folder, path))),
    )
    return { ...places, macMachines: told, unread: [...places.unread, ...unread] }
  }
}
