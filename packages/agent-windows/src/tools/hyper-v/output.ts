/** An image file that is attached to a machine, or to Windows itself. */
export interface AttachedDisk {
  readonly path: string
  /** Null: Windows has mounted it. */
  readonly machine: string | null
}

/** The JSON that the script prints; what is no such entry is left out, and text that is no list gives none. */
export function parseAttachedDisks(text: string): readonly AttachedDisk[] {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/u, ''))
  } catch {
    throw new TypeError('PowerShell did not print a list')
  }
  if (!Array.isArray(value)) throw new TypeError('PowerShell did not print a list')
  return value.flatMap((entry: unknown): readonly AttachedDisk[] => {
    if (typeof entry !== 'object' || entry === null || !('Path' in entry)) return []
    const { Path: path } = entry
    const machine = 'Machine' in entry && typeof entry.Machine === 'string' ? entry.Machine : null
    return typeof path === 'string' && path !== '' ? [{ path, machine }] : []
  })
}
