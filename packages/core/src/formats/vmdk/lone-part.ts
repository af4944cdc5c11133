import { readRange } from '../../binary/byte-source.ts'
import { DiskError, isDiskError } from '../../problems/disk-error.ts'
import { headLength, looksLikeVmdkDescriptor } from '../../image/detect-format.ts'
import { foldName } from '../../image/fold-name.ts'
import { folderOf, nameOf } from '../../image/folder-of.ts'
import type { ImageFile, ImageFiles } from '../../image/image-files.ts'
import { maxDescriptorSize, parseDescriptor, type ExtentLine } from './descriptor.ts'

/** Descriptors beside a part that are looked into, at most: those of the most similar names. */
const mostCandidates = 32

/** A descriptor that names a part, and the line by which it does. */
export interface PartOwner {
  readonly path: string
  readonly line: ExtentLine
}

/** The descriptor in the folder of `part` that names it; null when none does, as far as can be seen. */
export async function findOwner(part: ImageFile, files: ImageFiles): Promise<PartOwner | null> {
  const own = foldName(nameOf(part.path))
  const alike = (name: string) => commonStart(foldName(name), own)
  const candidates = (await files.list(folderOf(part.path)))
    .filter((name) => /\.vmdk$/iu.test(name) && foldName(name) !== own)
    .sort((a, b) => alike(b) - alike(a))
    .slice(0, mostCandidates)
  for (const name of candidates) {
    const owner = await ownerAt(name, { part, own, files })
    if (owner) return owner
  }
  return null
}

/** That `file` is a part without a descriptor of its own, which can be no disk by itself. */
export function partRefusal(file: string, owner: PartOwner | null): DiskError {
  const reason = 'it is one part of a split VMDK and holds no descriptor'
  if (owner)
    return new DiskError('refused', {
      file,
      reason: `${reason}; ${JSON.stringify(nameOf(owner.path))} describes the disk`,
      remedy: `Name the descriptor: ${JSON.stringify(owner.path)}.`,
    })
  return new DiskError('refused', {
    file,
    reason: `${reason}, and no descriptor beside it names it`,
    remedy: 'Open the descriptor: the small .vmdk file that names the parts. If there is none, it is lost.',
  })
}

interface Wanted {
  readonly part: ImageFile
  /** Folded name of the part. */
  readonly own: string
  readonly files: ImageFiles
}

async function ownerAt(name: string, { part, own, files }: Wanted): Promise<PartOwner | null> {
  try {
    const path = files.resolve(part.path, `./${name}`)
    await using file = await files.open(path)
    const { size } = file.source
    if (size === 0 || size > maxDescriptorSize) return null
    const head = await readRange(file.source, { start: 0, end: Math.min(size, headLength) })
    if (!looksLikeVmdkDescriptor(head)) return null
    const { extents } = parseDescriptor(await readRange(file.source, { start: 0, end: size }), path)
    const line = extents.find((extent) => extent.name !== null && foldName(nameOf(extent.name)) === own)
    return line ? { path, line } : null
  } catch (error) {
    // What cannot be opened or is no descriptor describes nothing.
    if (isDiskError(error) && !isDiskError(error, 'input-output')) return null
    throw error
  }
}

/** How many characters two names begin with in common. */
function commonStart(a: string, b: string): number {
  let length = 0
  while (length < a.length && a[length] === b[length]) length += 1
  return length
}
