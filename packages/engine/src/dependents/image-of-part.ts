import { lstat, readdir, realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { walkChain } from '@varve/core/chain/walk-chain'
import { readFileEnds, recogniseFormat } from '@varve/core/image/detect-format'
import type { FormatName } from '@varve/core/image/format-rules'
import type { ImagePorts } from '@varve/core/image/image-files'
import { isDiskError } from '@varve/core/problems/disk-error'
import { bundleAround } from '../files/bundle-around.ts'
import { isBundleDescriptor } from '../files/bundle-folders.ts'
import { isSkippedName } from '../files/file-names.ts'
import { nodePorts } from '../ports/ports.ts'
import { partsThere } from './parts-there.ts'

/** Formats whose images may be one file that names others as parts of itself. */
const naming: ReadonlySet<FormatName | null> = new Set(['vmdk', 'qcow2'])
/** Files of one folder that are looked at; of each only its ends, and the text of those that may name parts. */
const mostFiles = 20_000

export interface ImageOfPartOptions {
  readonly roots: readonly string[] | null
  readonly signal?: AbortSignal
}

/** The image that the file is only a part of: the bundle that it lies in, or who names it in its folder; null: none. */
export async function imageOfPart(
  path: string,
  { roots, signal }: ImageOfPartOptions,
): Promise<string | null> {
  const real = await realpath(path).catch(() => null)
  if (real === null || !(await lstat(real)).isFile()) return null
  const folder = dirname(real)
  const bundle = await bundleAround(real)
  // What describes a bundle stands for the whole of it, and is no part.
  if (bundle !== null) return bundle === folder && isBundleDescriptor(basename(real)) ? null : bundle
  const names = await readdir(folder).catch((): string[] => [])
  const ports = nodePorts({ roots, io: 'sync', packed: 'name' })
  for (const name of names.toSorted().slice(0, mostFiles)) {
    signal?.throwIfAborted()
    const other = join(folder, name)
    if (other !== real && !isSkippedName(name) && (await namesIt(other, real, ports))) return other
  }
  return null
}

async function namesIt(image: string, part: string, ports: ImagePorts): Promise<boolean> {
  try {
    if (!(await mayHaveParts(image, ports))) return false
    await using walked = await walkChain(image, ports)
    return (await partsThere(walked.links[0], ports)).includes(part)
  } catch (error) {
    // What is damaged says nothing of its parts that could be believed.
    if (isDiskError(error)) return false
    throw error
  }
}

async function mayHaveParts(path: string, { files }: ImagePorts): Promise<boolean> {
  await using file = await files.open(path)
  return file.source.size > 0 && naming.has(recogniseFormat(await readFileEnds(file.source)))
}
