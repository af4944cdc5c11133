/** One line of `/proc/self/mountinfo`, proc(5). */
export interface Mount {
  /** `major:minor`. */
  readonly device: string
  readonly mountPoint: string
  readonly filesystem: string
  readonly source: string
  /** Whether the filesystem itself is mounted for reading only, not just this view of it. */
  readonly isReadOnly: boolean
}

/** The mounts in the order of the file: a later one hides an earlier one at the same place. */
export function parseMountInfo(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ', 2)
    const [, , device, , mountPoint] = before?.split(' ') ?? []
    const [filesystem, source, options = ''] = after?.split(' ') ?? []
    if (device === undefined || mountPoint === undefined || filesystem === undefined) return []
    const isReadOnly = options.split(',').includes('ro')
    return [
      { device, mountPoint: unescape(mountPoint), filesystem, source: unescape(source ?? ''), isReadOnly },
    ]
  })
}

/** The mount that holds the absolute `path`. */
export function findMount(mounts: readonly Mount[], path: string): Mount | null {
  let best: Mount | null = null
  for (const mount of mounts) {
    const inside =
      mount.mountPoint === '/' || path === mount.mountPoint || path.startsWith(`${mount.mountPoint}/`)
    if (inside && (best === null || mount.mountPoint.length >= best.mountPoint.length)) best = mount
  }
  return best
}

/** Blanks and the like are written as a backslash and three octal digits. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/gu, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}
