/** How Linux mounts a filesystem of a guest. */
export interface FilesystemKind {
  /** As mount(8) calls it. */
  readonly type: string
  /** Whether mounting it, also read-only, replays a journal into the device. */
  readonly hasJournal: boolean
  /** Keep the journal from being replayed. */
  readonly withoutReplay: readonly string[]
  readonly always?: readonly string[]
}

const fat: FilesystemKind = { type: 'vfat', hasJournal: false, withoutReplay: [] }
const ext: FilesystemKind = { type: 'ext4', hasJournal: true, withoutReplay: ['noload'] }

/** By the names that the scan of guests gives; what is not here is not mounted. */
const kinds: Readonly<Record<string, FilesystemKind>> = {
  ext2: { ...ext, hasJournal: false },
  ext3: ext,
  ext4: ext,
  // A clone has the UUID of what it was made of, which may be mounted too.
  xfs: { type: 'xfs', hasJournal: true, withoutReplay: ['norecovery'], always: ['nouuid'] },
  btrfs: { type: 'btrfs', hasJournal: true, withoutReplay: ['rescue=nologreplay'] },
  ntfs: { type: 'ntfs-3g', hasJournal: true, withoutReplay: ['norecover'] },
  fat12: fat,
  fat16: fat,
  fat32: fat,
  exfat: { type: 'exfat', hasJournal: false, withoutReplay: [] },
  iso9660: { type: 'iso9660', hasJournal: false, withoutReplay: [] },
  udf: { type: 'udf', hasJournal: false, withoutReplay: [] },
}

export function kindOf(type: string): FilesystemKind | null {
  return Object.hasOwn(kinds, type) ? (kinds[type] ?? null) : null
}

/** Whether these are options that one of the ways of mounting that type has, and no others. */
export function areKnownOptions(type: string, options: readonly string[]): boolean {
  const said = options.join(',')
  return Object.values(kinds).some(
    (kind) =>
      kind.type === type &&
      [true, false].some((isWritten) =>
        [true, false].some((isThrowAway) => optionsOf(kind, { isWritten, isThrowAway }).join(',') === said),
      ),
  )
}

const safe = ['nosuid', 'nodev', 'noexec']

/** With an overlay the journal may be replayed, into that alone. */
export function optionsOf(
  { withoutReplay, always = [] }: FilesystemKind,
  { isWritten, isThrowAway }: { readonly isWritten: boolean; readonly isThrowAway: boolean },
): string[] {
  if (isWritten) return ['rw', ...safe, ...always]
  return ['ro', ...safe, ...always, ...(isThrowAway ? [] : withoutReplay)]
}
