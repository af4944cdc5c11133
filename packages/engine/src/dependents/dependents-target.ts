import { lstat, readdir, realpath } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { walkChain, type WalkedLink } from '@varve/core/chain/walk-chain'
import { namedAsRaw } from '@varve/core/image/detect-format'
import type { ImageFile, ImagePorts } from '@varve/core/image/image-files'
import { bundleAround } from '../files/bundle-around.ts'
import { linkOf, type ChainFile } from './chain-file.ts'
import { partsThere } from './parts-there.ts'

/** An image that is asked about, known by each of its files: who names one of them stands on the image. */
export interface DependentsTarget {
  readonly path: string
  /** In which it lies; that of a bundle is around the bundle. */
  readonly folder: string
  /** What is told of it in a chain that it is not reached by; read when it is first wanted. */
  readonly link: () => Promise<ChainFile>
  /** Whether it is the file that the image is opened by. */
  isImage(file: NamedFile): boolean
  /** The real path of the part of it that the file is; null: it is none. */
  partOf(file: NamedFile): Promise<string | null>
}

type NamedFile = Pick<ImageFile, 'path' | 'fingerprint'>

/** Throws when the image cannot be opened. */
export async function dependentsTarget(path: string, ports: ImagePorts): Promise<DependentsTarget> {
  await using walked = await walkChain(path, ports)
  const [first] = walked.links
  const { path: own, fingerprint } = first.file
  const bundle = await bundleAround(await realpath(own).catch(() => own))
  const parts = await inodesOf(bundle === null ? await partsOf(first, ports) : await filesIn(bundle))
  let link: Promise<ChainFile> | null = null
  const isImage = (file: NamedFile) => file.path === own || file.fingerprint.inode === fingerprint.inode
  return {
    path: own,
    folder: dirname(bundle ?? own),
    link: async () => (link ??= firstLinkOf(path, ports)),
    isImage,
    async partOf(file) {
      const part = parts.get(file.fingerprint.inode)
      if (part !== undefined || bundle === null) return part ?? null
      const real = await realpath(file.path).catch(() => file.path)
      return real.startsWith(bundle + sep) ? real : null
    },
  }
}

async function firstLinkOf(path: string, ports: ImagePorts): Promise<ChainFile> {
  await using walked = await walkChain(path, ports)
  return await linkOf(walked.links[0], ports)
}

/** What a guest may have written names no files of the host. */
async function partsOf(link: WalkedLink, ports: ImagePorts): Promise<readonly string[]> {
  return link.isDetected && namedAsRaw(link.file.path) ? [] : await partsThere(link, ports)
}

/** Those beside the descriptor; what lies deeper is known by its path. */
async function filesIn(bundle: string): Promise<readonly string[]> {
  return (await readdir(bundle).catch((): string[] => [])).map((name) => join(bundle, name))
}

/** Of files only: a device stays when the image goes. */
async function inodesOf(paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const known = new Map<string, string>()
  for (const path of paths) {
    const stats = await lstat(path, { bigint: true }).catch(() => null)
    if (stats?.isFile()) known.set(`${stats.dev}:${stats.ino}`, path)
  }
  return known
}
