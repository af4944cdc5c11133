import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import { readFileEnds, recogniseFormat } from '@varve/core/image/detect-format'
import { formatRules, type FormatName } from '@varve/core/image/format-rules'
import type { LayerIdentity } from '@varve/core/image/image-facts'
import type { ImageFile, ImagePorts } from '@varve/core/image/image-files'
import { jsonFilenames } from '@varve/core/image/json-filenames'
import { walkChain, type WalkedLink } from '@varve/core/chain/walk-chain'
import { isDiskError } from '@varve/core/problems/disk-error'
import { nodePorts } from '../ports/ports.ts'
import { linkOf, type ChainFile } from './chain-file.ts'
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
  const target = await identityOf(path, ports)
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

interface Target {
  readonly path: string
  readonly inode: string
  readonly link: ChainFile
}

interface Looking {
  readonly target: Target
  readonly ports: ImagePorts
  readonly signal: AbortSignal | undefined
}

/** A bundle is known by its descriptor. */
async function identityOf(path: string, ports: ImagePorts): Promise<Target> {
  await using walked = await walkChain(path, ports)
  const [link] = walked.links
  const { path: own, fingerprint } = link.file
  return { path: own, inode: fingerprint.inode, link: await linkOf(link, ports) }
}

async function placesOf(
  { path }: Target,
  roots: readonly string[] | null,
  folders: readonly string[],
): Promise<string[]> {
  const all = [dirname(path), ...(roots ?? []), ...folders]
  const real = await Promise.all(all.map(async (folder) => realpath(folder).catch(() => folder)))
  return [...new Set(real)]
}

/** Null for what is no overlay, cannot be read, or stands on something else. */
async function dependentIn(path: string, { target, ports, signal }: Looking): Promise<Dependent | null> {
  try {
    if (!(await mayHaveParent(path, ports))) return null
    await using walked = await walkChain(path, ports, signal ? { signal } : {})
    const depth = walked.links.findIndex((link, index) => index > 0 && isTarget(link, target))
    if (depth <= 0) return await dependentByName(walked.links, { target, ports, signal })
    const chain: ChainFile[] = []
    for (const link of walked.links.slice(0, depth + 1)) chain.push(await linkOf(link, ports))
    const [own] = chain
    if (!own) return null
    const { parent } = walked.links[0].facts
    return {
      ...own,
      depth,
      chain,
      names: parent?.names ?? [],
      keeps: parent?.identity ?? null,
      isFollowed: true,
    }
  } catch (error) {
    signal?.throwIfAborted()
    if (isDiskError(error)) return null
    throw error
  }
}

/** One that stands on the image by the last link of its chain, which says so in a way that is not followed. */
async function dependentByName(
  links: readonly WalkedLink[],
  { target, ports }: Looking,
): Promise<Dependent | null> {
  const last = links.at(-1)
  const names = last?.facts.parent?.names.flatMap(jsonFilenames) ?? []
  for (const name of names) {
    if (!last || !(await isNamed(name, { from: last.file.path, target, ports }))) continue
    const chain: ChainFile[] = []
    for (const link of links) chain.push(await linkOf(link, ports))
    const [own] = chain
    const { parent } = links[0]?.facts ?? {}
    if (!own) return null
    const above = { depth: chain.length, chain: [...chain, target.link], names: parent?.names ?? [] }
    return { ...own, ...above, keeps: parent?.identity ?? null, isFollowed: false }
  }
  return null
}

interface NameIn {
  readonly from: string
  readonly target: Target
  readonly ports: ImagePorts
}

async function isNamed(name: string, { from, target, ports: { files } }: NameIn): Promise<boolean> {
  try {
    const path = files.resolve(from, name)
    if (path === target.path) return true
    await using file = await files.open(path)
    return file.fingerprint.inode === target.inode
  } catch (error) {
    if (isDiskError(error)) return false
    throw error
  }
}

function isTarget({ file }: WalkedLink, { path, inode }: Target): boolean {
  return file.path === path || file.fingerprint.inode === inode
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
