import { basename } from 'node:path'

/** What a folder is by the names in it: one disk of macOS or of Parallels, or null for a folder of files. */
export function bundleFormat(folder: string, names: readonly string[]): 'parallels' | 'sparsebundle' | null {
  const own = basename(folder).toLowerCase()
  const inside = new Set(names.map((name) => name.toLowerCase()))
  if (inside.has('diskdescriptor.xml')) return 'parallels'
  if (/\.(?:sparsebundle|backupbundle)$/u.test(own)) return 'sparsebundle'
  const isDescribed = ['info.plist', 'info.bckup', 'token'].some((name) => inside.has(name))
  if (inside.has('bands') && isDescribed) return 'sparsebundle'
  // Without its descriptor it is a damaged disk, and its images are none of their own.
  const holdsImages = names.some((name) => name.toLowerCase().endsWith('.hds'))
  return own.endsWith('.hdd') && holdsImages ? 'parallels' : null
}

/** True for a band of a sparse bundle whose other files are not there: a run of a disk's bytes, not a disk. */
export function isBandName(folder: string, name: string): boolean {
  return basename(folder).toLowerCase() === 'bands' && /^[0-9a-f]{1,16}$/iu.test(name)
}

/** True for the file of a bundle that describes it: who names it means the whole disk. */
export function isBundleDescriptor(name: string): boolean {
  return ['diskdescriptor.xml', 'info.plist', 'info.bckup', 'config.plist', 'config.pvs'].includes(
    name.toLowerCase(),
  )
}
