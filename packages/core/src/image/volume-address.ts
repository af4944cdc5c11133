/** A volume of the host that is an image, as requests name it: `lvm:VG/LV`, `zfs:POOL/VOLUME`. */
export interface VolumeAddress {
  readonly kind: 'lvm' | 'zfs'
  /** Volume group, or pool. */
  readonly group: string
  /** Logical volume; of ZFS what follows the pool, which may have slashes. */
  readonly volume: string
}

// lvm(8), VALID NAMES; zfs(8): letters, digits and these, no part empty.
const patterns = {
  lvm: /^lvm:([\w+.][\w+.-]{0,126})\/([\w+.][\w+.-]{0,126})$/u,
  zfs: /^zfs:([a-zA-Z][\w.:-]{0,254})\/((?:[\w.: -]{1,255}\/)*[\w.: -]{1,255})$/u,
} as const

/** Parts of names that LVM keeps for itself, lvm(8). */
const reserved =
  /^(?:snapshot|pvmove)|_(?:cdata|cmeta|corig|imeta|iorig|mimage|mlog|pmspare|rimage|rmeta|tdata|tmeta|vdata|vorigin|wcorig)/u

/** Whether a text is meant as the address of a volume, right or not. */
export function isVolumeAddress(text: string): boolean {
  return /^(?:lvm|zfs):/u.test(text)
}

/** The volume that a text names; null: it names none. */
export function parseVolumeAddress(text: string): VolumeAddress | null {
  const kind = text.startsWith('lvm:') ? 'lvm' : 'zfs'
  const [, group, volume] = patterns[kind].exec(text) ?? []
  if (group === undefined || volume === undefined) return null
  const isDots = [group, ...volume.split('/')].some((part) => part === '.' || part === '..')
  if (isDots || (kind === 'lvm' && reserved.test(volume))) return null
  return { kind, group, volume }
}

export function volumeAddress({ kind, group, volume }: VolumeAddress): string {
  return `${kind}:${group}/${volume}`
}

/** What the last part of a volume's name begins with while a run makes it. */
export const stagedPrefix = 'varve-new-'

/** Where the kernel has it while it is active. */
export function volumeDevice({ kind, group, volume }: VolumeAddress): string {
  return kind === 'lvm' ? `/dev/${group}/${volume}` : `/dev/zvol/${group}/${volume}`
}

/** Volumes that lie in one folder of devices. */
export interface VolumeFolder extends Pick<VolumeAddress, 'kind' | 'group'> {
  /** ZFS: the dataset below the pool, with a slash at its end; else empty. */
  readonly parent: string
}

/** The volumes whose devices are in a folder; null: it is none of theirs. */
export function volumesOfFolder(folder: string): VolumeFolder | null {
  const [, zfs, parent = ''] = /^\/dev\/zvol\/([^/]+)(?:\/(.+))?$/u.exec(folder) ?? []
  const [, lvm] = /^\/dev\/(?!zvol$)([^/]+)$/u.exec(folder) ?? []
  const found: VolumeFolder | null =
    zfs !== undefined
      ? { kind: 'zfs', group: zfs, parent: parent === '' ? '' : `${parent}/` }
      : lvm !== undefined
        ? { kind: 'lvm', group: lvm, parent: '' }
        : null
  return found && volumeIn(found, 'volume') ? found : null
}

/** The volume of that name in a folder of devices; null: it is no name of one. */
export function volumeIn({ kind, group, parent }: VolumeFolder, name: string): VolumeAddress | null {
  if (name.includes('/') || name.startsWith(stagedPrefix)) return null
  return parseVolumeAddress(volumeAddress({ kind, group, volume: `${parent}${name}` }))
}
