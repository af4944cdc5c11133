import { randomUUID } from 'node:crypto'
import { dirname, isAbsolute, relative, sep } from 'node:path'
import type { FileWrite } from '@varve/core/image/disk-writer'
import { editedSource } from '@varve/core/image/edited-source'
import type { FormatName } from '@varve/core/image/format-rules'
import type { ImageFile, ImagePorts } from '@varve/core/image/image-files'
import { openLayers } from '@varve/core/chain/open-chain'
import { referenceOpener, takenProblem } from '@varve/core/image/open-reference'
import { parentImageOf } from '@varve/core/formats/parallels/repoint'
import { notNameable } from '@varve/core/image/parent-image'
import { walkChain, type WalkedChain, type WalkedLink } from '@varve/core/chain/walk-chain'
import { DiskError, isDiskError, quote } from '@varve/core/problems/disk-error'
import type { Problem } from '@varve/core/problems/problem'
import { nodePorts } from '../ports/ports.ts'

export interface Repoint {
  /** The image whose parent gets another name. */
  readonly image: string
  readonly parent: string
  /** When somebody said it; null: the parent's own bytes tell. */
  readonly parentFormat: FormatName | null
  readonly roots: readonly string[] | null
}

/** A file of a chain and how it is to be read. */
export interface ParentFile {
  readonly path: string
  readonly format: FormatName
}

/** What is to be written, proven to lead to that parent. */
export interface PlannedRepoint {
  readonly file: ImageFile
  readonly format: FormatName
  readonly virtualSize: number | null
  /** In sentences. */
  readonly says: readonly string[]
  readonly writes: readonly FileWrite[]
  /** The parent as it is named now, where that can be read and is no guess; else why not. */
  readonly old: ParentFile | { readonly missing: string }
  readonly parent: ParentFile & { readonly virtualSize: number | null }
}

/**
 * Works out what gives `image` its new parent and hands it to `work` while the file is open. What would be written is read
 * back as a chain before: it must lead to that very file, and fit. Throws `refused` and whatever reading a chain throws.
 */
export async function withRepoint<T>(
  repoint: Repoint,
  work: (planned: PlannedRepoint) => Promise<T>,
): Promise<T> {
  const { roots, parentFormat } = repoint
  const ports = nodePorts({ roots, io: 'sync', packed: 'name' })
  await using child = await walkChain(repoint.image, ports)
  await using above = await walkChain(repoint.parent, ports, { format: parentFormat })
  const [link] = child.links
  const [parent] = above.links
  assertReady(link, above)
  if (!link.driver.repoint)
    throw notNameable(
      link.file.path,
      `a ${link.facts.format} image names no parent`,
      'Nothing is to be done.',
    )
  const { says, writes } = await link.driver.repoint(
    link.file,
    {
      path: parent.file.path,
      relative: relativePath(link.file.path, parent.file.path),
      facts: parent.facts,
      modifiedMs: parent.file.fingerprint.modifiedMs,
      freshId: randomUUID(),
    },
    ports,
  )
  await assertLeadsTo(link, { writes, parent, ports })
  const old = await oldParent(child, ports)
  const { format, virtualSize } = link.facts
  const found = { path: parent.file.path, format: parent.facts.format, virtualSize: parent.facts.virtualSize }
  return await work({ file: link.file, format, virtualSize, says, writes, old, parent: found })
}

function assertReady({ file, facts }: WalkedLink, above: WalkedChain): void {
  if (file.packed) throw notNameable(file.path, 'it is packed', 'Unpack it first.')
  if (facts.parent === null && facts.format !== 'parallels')
    throw notNameable(file.path, 'it has no parent', 'Nothing is to be done: it stands alone.')
  const [parent] = above.links
  if (parent.file.fingerprint.inode === file.fingerprint.inode)
    throw new DiskError('chain-loop', { file: file.path, path: [file.path, parent.file.path] })
  const [broken] = above.failures
  if (broken) throw broken
}

/** With `/`; null: on another drive. */
function relativePath(child: string, parent: string): string | null {
  const path = relative(dirname(child), parent)
  return isAbsolute(path) ? null : path.split(sep).join('/')
}

interface Wanted {
  readonly writes: readonly FileWrite[]
  readonly parent: WalkedLink
  readonly ports: ImagePorts
}

/** Reads the chain as it would be. */
async function assertLeadsTo(link: WalkedLink, { writes, parent, ports }: Wanted): Promise<void> {
  const { file, facts } = link
  const edited = editedPorts(ports, file, writes)
  await using walked = await walkChain(file.path, edited, { format: facts.format })
  const isParent = (one: ImageFile) => one.fingerprint.inode === parent.file.fingerprint.inode
  const [failure] = walked.failures
  if (failure) throw failure
  await using chain = await openLayers(walked, edited)
  const next = walked.links[1]
  const isIt =
    facts.format === 'parallels' ? chain.files.some(isParent) : next !== undefined && isParent(next.file)
  const guessed = walked.remarks.some(isGuess)
  if (isIt && !guessed) return
  throw notNameable(
    file.path,
    `programs would find ${next === undefined ? 'no parent' : quote(next.file.path)} instead`,
    facts.format === 'vdi'
      ? 'A VDI names its parent by UUID only: put the new parent into its folder or the one above, and take other images of that UUID away.'
      : 'Put the new parent where it has a plain name.',
  )
}

/** That a file was read which nothing tells to be the one that is meant. */
function isGuess({ id, asks }: Problem): boolean {
  return id === 'other-name-taken' && asks === true
}

/** Ports by which the file reads as it would be. */
function editedPorts(ports: ImagePorts, file: ImageFile, writes: readonly FileWrite[]): ImagePorts {
  const { files } = ports
  return {
    ...ports,
    files: {
      resolve: (from, reference) => files.resolve(from, reference),
      list: (folder) => files.list(folder),
      place: (path) => files.place(path),
      async open(path) {
        const opened = await files.open(path)
        if (opened.fingerprint.inode !== file.fingerprint.inode) return opened
        return {
          ...opened,
          source: editedSource(opened.source, writes),
          [Symbol.asyncDispose]: async () => opened[Symbol.asyncDispose](),
        }
      },
    },
  }
}

async function oldParent(child: WalkedChain, ports: ImagePorts): Promise<PlannedRepoint['old']> {
  const [link, next] = child.links
  try {
    if (link.facts.format === 'parallels') return await oldImage(link.file, ports)
    const [failure] = child.failures
    if (failure) return { missing: failure.message }
    const guess = child.remarks.find((remark) => isGuess(remark) && remark.file === link.file.path)
    if (guess) return { missing: guess.message }
    if (next) return { path: next.file.path, format: next.facts.format }
    return { missing: 'it cannot be found' }
  } catch (error) {
    if (isDiskError(error)) return { missing: error.message }
    throw error
  }
}

async function oldImage(file: ImageFile, ports: ImagePorts): Promise<PlannedRepoint['old']> {
  const image = await parentImageOf(file, ports)
  const open = referenceOpener({ from: file.path, files: ports.files })
  const taken = await open([image.file])
  await using found = taken.file
  const guess = takenProblem(taken, { from: file.path, isVerified: false })
  if (guess && isGuess(guess)) return { missing: guess.message }
  return { path: found.path, format: image.type === 'Plain' ? 'raw' : 'parallels' }
}
