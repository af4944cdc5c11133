import { realpath } from 'node:fs/promises'
import { readFileEnds, recogniseFormat } from '@varve/core/image/detect-format'
import { formatRules, type FormatName } from '@varve/core/image/format-rules'
import type { LayerIdentity } from '@varve/core/image/image-facts'
import type { ImageFile, ImagePorts } from '@varve/core/image/image-files'
import { jsonFilenames } from '@varve/core/image/json-filenames'
import { walkChain, type WalkedLink } from '@varve/core/chain/walk-chain'
import { isDiskError } from '@varve/core/problems/disk-error'
import { nodePorts } from '../ports/ports.ts'
import { linkOf, type ChainFile } from './chain-file.ts'
import { dependentsTarget, type DependentsTarget } from './dependents-target.ts'
import { walkImages } from './walk-images.ts'

/** An image whose chain goes through the one that was asked about. */
export interface Dependent extends ChainFile {
  /** 1: it names the image itself; 2: it names one that does. */
  readonly depth: number
  /** From itself down to the image that was asked about, both included. */
  readonly chain: readonly ChainFile[]
  /** How it names its own parent, as written in it. */
  readonly names: readonly string[]
  /** What it keeps of its parent's identity; null: nothing. */
  readonly keeps: LayerIdentity | null
  /** False: it names its parent in a way that Varve does not follow (`json:`), so that its disk cannot be read. */
  readonly isFollowed: boolean
  /** The file of the image that its chain goes through, where that is only a part of it (an extent, a data file, a file of a bundle). */
  readonly part: NamedPart | null
}

export interface NamedPart {
  /** Real. */
  readonly path: string
  /** As which it is read; null: it is not followed. */
  readonly format: FormatName | null
}

export interface Dependents {
  /** The nearest first. */
  readonly images: readonly Dependent[]
  /** Files that were looked at. */
  readonly looked: number
  /** The folders that were searched, with all below them. */
  readonly searched: readonly string[]
  /** Why more may be there that was not seen; null: all was looked at. */
  readonly unseen: string | null
}

export interface FindDependentsOptions {
  /** Folders that a chain must stay in; null: anywhere. They are searched too. */
  readonly roots: readonly string[] | null
  /** Further folders to search; that of the image is always. */
  readonly folders?: readonly string[]
  readonly mostFiles?: number
  readonly mostMs?: number
  readonly signal?: AbortSignal
}

const usualMostFiles = 50_000
const usualMostMs = 60_000

/**
 * The images around `path` (in its folder and below, in the library roots, in further folders) whose chain goes through
 * it, by the references that they really hold. Bounded in files and time: `unseen` says what was left out. Throws when
 * the image itself cannot be opened.
 */
export async function findDependents(path: string, options: FindDependentsOptions): Promise<Dependents> {
  const { roots, folders = [], signal, mostFiles = usualMostFiles, mostMs = usualMostMs } = options
  const ports = nodePorts({ roots, io: 'sync', packed: 'name' })
  const target = await dependentsTarget(path, ports)
  const images: Dependent[] = []
  const gaps = { unread: [] as string[] }
  const until = performance.now() + mostMs
  let looked = 0
  let cut: string | null = null
  const searched = await placesOf(target, roots, folders)
  for await (const candidate of walkImages(searched, gaps)) {
    signal?.throwIfAborted()
    if (looked >= mostFiles || performance.now() > until) {
      cut =
        looked >= mostFiles ? `more than ${mostFiles} files are there` : 'there are too many to read them all'
      break
    }
    looked += 1
    const found = await dependentIn(candidate, { target, ports, signal })
    if (found) images.push(found)
  }
  const unread =
    gaps.unread.length > 0 ? `folders could not be read: ${gaps.unread.slice(0, 3).join(', ')}` : null
  const nearestFirst = images.toSorted((a, b) => a.depth - b.depth)
  return { images: nearestFirst, looked, searched, unseen: cut ?? unread }
}

interface Looking {
  readonly target: DependentsTarget
  readonly ports: ImagePorts
  readonly signal: AbortSignal | undefined
}

async function placesOf(
  { folder: own }: DependentsTarget,
  roots: readonly string[] | null,
  folders: readonly string[],
): Promise<string[]> {
  const all = [own, ...(roots ?? []), ...folders]
  const real = await Promise.all(all.map(async (folder) => realpath(folder).catch(() => folder)))
  return [...new Set(real)]
}

/** Null for what is no overlay, cannot be read, or stands on something else. */
async function dependentIn(path: string, { target, ports, signal }: Looking): Promise<Dependent | null> {
  try {
    if (!(await mayHaveParent(path, ports))) return null
    await using walked = await walkChain(path, ports, signal ? { signal } : {})
    const { links } = walked
    const through = await wayThrough(links, target)
    const part = through ? through.part : await namedByLast(links, { target, ports, signal })
    if (part === undefined) return null
    const chain: ChainFile[] = []
    for (const link of through ? links.slice(0, through.depth) : links) chain.push(await linkOf(link, ports))
    const end = through && part === null ? links[through.depth] : undefined
    chain.push(end ? await linkOf(end, ports) : await target.link())
    const [own] = chain
    if (!own) return null
    const { parent } = links[0].facts
    const [names, keeps] = [parent?.names ?? [], parent?.identity ?? null]
    return { ...own, depth: chain.length - 1, chain, names, keeps, isFollowed: through !== null, part }
  } catch (error) {
    signal?.throwIfAborted()
    if (isDiskError(error)) return null
    throw error
  }
}

interface WayThrough {
  /** Of the link that is a file of the image. */
  readonly depth: number
  readonly part: NamedPart | null
}

/** Where a chain reaches the image, by itself or by a part of it; null: nowhere. */
async function wayThrough(
  links: readonly WalkedLink[],
  target: DependentsTarget,
): Promise<WayThrough | null> {
  for (const [depth, { file, facts }] of links.entries()) {
    if (depth === 0) continue
    if (target.isImage(file)) return { depth, part: null }
    const part = await target.partOf(file)
    if (part !== null) return { depth, part: { path: part, format: facts.format } }
  }
  return null
}

/** Whether the last of the chain names the image, or which part of it, in a way that is not followed; undefined: it does not. */
async function namedByLast(
  links: readonly WalkedLink[],
  looking: Looking,
): Promise<NamedPart | null | undefined> {
  const last = links.at(-1)
  if (!last) return undefined
  for (const name of last.facts.parent?.names.flatMap(jsonFilenames) ?? []) {
    const named = await fileNamed(name, last.file.path, looking)
    if (named !== undefined) return named
  }
  return undefined
}

async function fileNamed(
  name: string,
  from: string,
  { target, ports: { files } }: Looking,
): Promise<NamedPart | null | undefined> {
  try {
    const path = files.resolve(from, name)
    if (path === target.path) return null
    await using file = await files.open(path)
    if (target.isImage(file)) return null
    const part = await target.partOf(file)
    return part === null ? undefined : { path: part, format: null }
  } catch (error) {
    if (isDiskError(error)) return undefined
    throw error
  }
}

/** Looks at both ends only, so that a folder of many disks is gone through fast; bundles name no images outside. */
export async function mayHaveParent(path: string, { files }: ImagePorts): Promise<boolean> {
  await using file = await openFile(path, files)
  if (file === null || file.source.size === 0) return false
  const format: FormatName | null = recogniseFormat(await readFileEnds(file.source))
  return format !== null && formatRules[format].parentLink !== 'none'
}

async function openFile(path: string, files: ImagePorts['files']): Promise<ImageFile | null> {
  try {
    return await files.open(path)
  } catch (error) {
    if (isDiskError(error, 'not-an-image')) return null
    throw error
  }
}
