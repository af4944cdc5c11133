import { lstat } from 'node:fs/promises'
import { basename } from 'node:path'
import { namedAsRaw, promisedFormat, readFileEnds, recogniseFormat } from '@varve/core/image/detect-format'
import { formatRules, type FormatName } from '@varve/core/image/format-rules'
import type { LayerIdentity } from '@varve/core/image/image-facts'
import type { ImagePorts } from '@varve/core/image/image-files'
import { walkChain, type WalkedChain } from '@varve/core/chain/walk-chain'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { walkImages } from '../dependents/walk-images.ts'
import { nodePorts } from '../ports/ports.ts'

/** What is known of one image of a folder without reading its disk. */
export interface SeenImage {
  readonly path: string
  readonly format: FormatName
  readonly virtualSize: number | null
  readonly fileSize: number
  /** Of the last write. */
  readonly modifiedMs: number
  /** Paths of its parents as far as they are found, the nearest first. */
  readonly parents: readonly string[]
  /** The names under which the last file of the chain that is there names the next one. */
  readonly missingNames: readonly string[]
  /** As `missingNames`, also where the next one was found and cannot be read. */
  readonly soughtNames: readonly string[]
  /** One of these the next one has; empty: its format does not say. */
  readonly soughtIdentities: readonly LayerIdentity[]
  readonly identity: LayerIdentity
  /** That file: the image itself, or one of its parents. */
  readonly namedBy: string
  readonly failures: readonly DiskError[]
  /** What parent and child say of each other though the chain can be read. */
  readonly remarks: readonly Problem[]
  /** The names of the further files that it is made of, as it has them. */
  readonly parts: readonly string[]
  /** That one of them is not there. */
  readonly missingParts: readonly Problem[]
}

export interface SeenImages {
  readonly images: readonly SeenImage[]
  /** Files that are parts of a VMDK by their names, and no disks by themselves. */
  readonly loose: readonly string[]
  /** Why folders that are one image by their names or contents are none. */
  readonly broken: readonly DiskError[]
  readonly looked: number
  /** Why more may be there; null: all was looked at. */
  readonly unseen: string | null
}

export interface LookOptions {
  readonly roots: readonly string[] | null
  readonly mostFiles?: number
  readonly signal?: AbortSignal
}

const usualMostFiles = 200_000

/** Every image below a folder, by its headers only. */
export async function lookAtImages(folder: string, options: LookOptions): Promise<SeenImages> {
  const { roots, signal, mostFiles = usualMostFiles } = options
  const ports = nodePorts({ roots, io: 'sync', packed: 'name' })
  const images: SeenImage[] = []
  const loose: string[] = []
  const broken: DiskError[] = []
  const gaps = { unread: [] as string[] }
  let looked = 0
  for await (const path of walkImages([folder], gaps)) {
    signal?.throwIfAborted()
    if (looked >= mostFiles)
      return { images, loose, broken, looked, unseen: `more than ${mostFiles} files are there` }
    looked += 1
    const seen = isRawPart(path) ? 'part' : await lookAt(path, ports)
    if (seen === 'part') loose.push(path)
    else if (seen instanceof DiskError) broken.push(seen)
    else if (seen) images.push(seen)
  }
  const unseen =
    gaps.unread.length === 0 ? null : `folders could not be read: ${gaps.unread.slice(0, 3).join(', ')}`
  return { images, loose, broken, looked, unseen }
}

/** Parts of VMDKs that hold no header of their own, or one that says nothing of the whole disk. */
const rawPart = /-(?:flat|f\d{3}|delta|sesparse)\.vmdk$/iu
const sparsePart = /-s\d{3}\.vmdk$/iu

function isRawPart(path: string): boolean {
  return rawPart.test(basename(path))
}

/** Null for what is no image by its bytes or its name. */
async function lookAt(path: string, ports: ImagePorts): Promise<SeenImage | DiskError | 'part' | null> {
  try {
    if (!(await mayBeImage(path, ports))) return null
    await using walked = await walkChain(path, ports)
    const seen = await seenIn(path, walked)
    return seen.virtualSize === null && sparsePart.test(basename(path)) ? 'part' : seen
  } catch (error) {
    if (!isDiskError(error)) throw error
    // What cannot be opened is told where it is named; here it is no image. A bundle is named by nobody.
    return (await isFolder(path)) ? error : null
  }
}

async function isFolder(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => null)
  return stats?.isDirectory() === true
}

async function mayBeImage(path: string, { files }: ImagePorts): Promise<boolean> {
  const name = basename(path)
  if (promisedFormat(name) !== null || namedAsRaw(name)) return true
  if (await isFolder(path)) return true
  await using file = await files.open(path)
  return file.source.size > 0 && recogniseFormat(await readFileEnds(file.source)) !== null
}

async function seenIn(path: string, { links, failures, remarks }: WalkedChain): Promise<SeenImage> {
  const [own, ...parents] = links
  const last = links.at(-1) ?? own
  const sought = last.facts.parent
  const isMissing = failures.some((failure) => isDiskError(failure, 'parent-missing'))
  return {
    path,
    format: own.facts.format,
    virtualSize: own.facts.virtualSize,
    fileSize: own.file.packed?.size ?? own.file.source.size,
    modifiedMs: own.file.fingerprint.modifiedMs,
    parents: parents.map(({ file }) => file.path),
    missingNames: isMissing ? (sought?.names ?? []) : [],
    soughtNames: sought?.names ?? [],
    soughtIdentities: [sought?.identity, ...(sought?.otherIdentities ?? [])].filter(
      (identity) => identity !== undefined && identity !== null && identity.kind !== 'none',
    ),
    identity: own.facts.identity,
    namedBy: last.file.path,
    failures,
    remarks,
    parts: own.facts.parts,
    missingParts: own.facts.problems.filter(({ id }) => id === 'extent-file-missing'),
  }
}

/** The ending that the name of an image of that format is to have, when its own says another format; else null. */
export function rightEnding({ path, format }: Pick<SeenImage, 'path' | 'format'>): string | null {
  const name = basename(path)
  const promised = promisedFormat(name) ?? (namedAsRaw(name) ? 'raw' : null)
  if (promised === null || promised === format) return null
  return formatRules[format].extensions[0] ?? null
}
