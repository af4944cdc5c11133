import { isOfDevices } from '@varve/engine/files/library-roots'
import { nativeAdapter } from '../native.ts'
import { placesOf } from '../places-of.ts'

/** Agents tell of their libraries only, and of the volumes of the whole host. */
export const listPlaces = nativeAdapter('list-places', {
  calls:
    'lvm vgs, pvs and lvs, zpool list, zfs list, btrfs subvolume list, filesystem df and qgroup show; statfs(2) and read(2) of /proc/self/mountinfo',

  // The volumes of a library of them are told with their group or pool.
  run: async (_input, { ports, signal }) =>
    placesOf(ports, { folders: ports.roots && ports.roots.filter((root) => !isOfDevices(root)), signal }),
})
