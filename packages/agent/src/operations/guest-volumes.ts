import type { DiskReader } from '@varve/core/disk/disk-reader'
import type { FilesystemFinding, GuestContents } from '@varve/core/guest/guest-contents'
import { readGuestContents } from '@varve/core/scan/read-guest'
import { readVolumeGroups, type VolumePiece } from '@varve/core/volumes/lvm2-groups'
import { hasMappedName } from '@varve/core/volumes/mapped-names'
import { mappedDisk } from '@varve/core/volumes/mapped-disk'
import type { MappedPiece } from '@varve/operations/actions/attached-device'
import type { VolumeThere } from '@varve/operations/attach/facts'
import { placesOf, type GuestPlaces } from './guest-places.ts'

interface Looking {
  readonly signal: AbortSignal
  /** In which of them a filesystem is looked for. */
  readonly isLookedInto: (volume: Pick<VolumeThere, 'group' | 'name'>) => boolean
}

/** The logical volumes of a disk, as devices of its partitions can be made to hold them. */
export async function volumesIn(
  disk: DiskReader,
  guest: Pick<GuestContents, 'table' | 'volumes'>,
  { signal, isLookedInto }: Looking,
): Promise<VolumeThere[]> {
  const places = placesOf(guest)
  const found = await readVolumeGroups(disk, guest.volumes.filter(places.isPlace), { signal })
  const volumes: VolumeThere[] = []
  for (const { group, name, length: size, pieces, reason } of found) {
    const isNameable = hasMappedName({ group, name })
    const isHad = pieces !== null && isNameable
    volumes.push({
      group,
      name,
      size,
      pieces: isHad ? pieces.map((piece) => toMapped(piece, places)) : null,
      reason: isNameable ? reason : 'has a name that is too long for the device mapper',
      filesystem: isHad && isLookedInto({ group, name }) ? await filesystemOf(disk, pieces, signal) : null,
    })
  }
  return volumes
}

function toMapped({ length, chunk, stripes }: VolumePiece, { partitionAt }: GuestPlaces): MappedPiece {
  return {
    size: length,
    chunk,
    stripes: stripes.map(({ physical, at }) => ({ partition: partitionAt(physical), at })),
  }
}

async function filesystemOf(
  disk: DiskReader,
  pieces: readonly VolumePiece[],
  signal: AbortSignal,
): Promise<VolumeThere['filesystem']> {
  const found = filesystemAtStart(await readGuestContents(mappedDisk(disk, pieces), { signal }))
  if (found === null) return null
  const { type, label, uuid, blockSize, state } = found
  return { type, label, uuid, blockSize, state }
}

/** The filesystem that a whole disk, partition or volume is. */
export function filesystemAtStart({
  filesystems,
}: Pick<GuestContents, 'filesystems'>): FilesystemFinding | null {
  return filesystems.find(({ start }) => start === 0) ?? null
}
