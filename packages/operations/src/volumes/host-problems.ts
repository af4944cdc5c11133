import { DiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { isVolumeAddress, parseVolumeAddress, type VolumeAddress } from '@varve/core/image/volume-address'
import type { VolumeFacts } from './facts.ts'

/** The finding that something is refused. */
export function refused(file: string, reason: string, remedy: string): Problem {
  return problemFromError(new DiskError('refused', { file, reason, remedy, layer: 'L1' }))
}

/** Why no volume can be changed on that host at all. */
export function hostProblems(
  file: string,
  { system, isRoot, isOwnHost, places, problems }: VolumeFacts,
): Problem[] {
  if (!isOwnHost)
    return [
      refused(
        file,
        'an agent works in its libraries only, and volumes are the whole host’s',
        'Use the command on that host.',
      ),
    ]
  if (system !== 'linux')
    return [refused(file, 'LVM and ZFS volumes are made on Linux only', 'Choose a file, or a Linux host.')]
  if (!isRoot)
    return [refused(file, 'only root makes and removes volumes', 'Run it as root, or choose a file.')]
  const [unread] = places?.unread.filter(({ what }) => isOwner(what, file)) ?? []
  if (unread) return [...problems, refused(file, `it was not read: ${unread.reason}`, unread.remedy)]
  return [...problems]
}

const isOwner = (what: string, file: string) => what === (file.startsWith('zfs:') ? 'zpool' : 'lvm')

/** The volume that a request names; a problem when it names none. */
export function volumeOf(text: string): VolumeAddress | Problem {
  const volume = isVolumeAddress(text) ? parseVolumeAddress(text) : null
  return (
    volume ??
    refused(
      text,
      'it is no name of a volume',
      'Name it as lvm:VG/LV or zfs:POOL/VOLUME; see what there is: varve places.',
    )
  )
}
