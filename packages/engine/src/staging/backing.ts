import { dirname, isAbsolute, relative, sep } from 'node:path'
import { formatRules } from '@varve/core/image/format-rules'
import type { ImagePorts } from '@varve/core/image/image-files'
import { openChain, openLayers } from '@varve/core/chain/open-chain'
import { referenceOpener } from '@varve/core/image/open-reference'
import { notNameable, type ParentImage } from '@varve/core/image/parent-image'
import { namesOfVdi } from '@varve/core/formats/vdi/parent'
import { walkChain, type WalkedLink } from '@varve/core/chain/walk-chain'
import { rulesOf, type WritableFormat } from '@varve/core/formats/writable-formats'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { nodePorts } from '../ports/ports.ts'
import type { Backing, DiskInput } from '../run/requests.ts'

/** The overlay that is to be written. */
export interface NewOverlay {
  readonly target: string
  readonly format: WritableFormat
}

/** An image that an overlay can name, with the bytes of its disk. */
export interface FoundBacking extends Backing {
  readonly virtualSize: number
}

type Below = DiskInput & { kind: 'image' }

/** How an overlay at `target` names the image below it; throws `refused` for one that its format cannot name. */
export async function backingOf(overlay: NewOverlay, below: Below): Promise<FoundBacking> {
  const rules = rulesOf(overlay.format).overlay
  return rules?.needsSameFormat === true ? await knownBelow(overlay, below) : await namedBelow(overlay, below)
}

/** By its name and QEMU's name of its format: it must be one that QEMU opens as a backing file. */
async function namedBelow(
  { target }: NewOverlay,
  { path, roots, format: asked, choices }: Below,
): Promise<FoundBacking> {
  await using chain = await openChain(path, nodePorts({ roots }), { format: asked, choices })
  const [link, ...parents] = chain.links
  const format = link?.format ?? 'raw'
  const { qemuDriver, parentLink, label } = formatRules[format]
  const refuse = (reason: string) =>
    new DiskError('refused', {
      file: path,
      reason,
      remedy: 'Convert it to qcow2 and take that as backing file.',
    })
  if (qemuDriver === null) throw refuse(`QEMU has no driver for ${label}`)
  if (parents.length > 0 && !parentLink.startsWith('path'))
    throw refuse(`QEMU does not follow the parent of a ${label} image`)
  const { virtualSize } = chain.disk
  const disk = { kind: 'image', path, roots, format } as const
  return { name: nameFrom(target, path), format: qemuDriver, disk, virtualSize }
}

/** By what it says about itself, too. */
async function knownBelow(
  { target, format }: NewOverlay,
  { path, roots, format: asked, choices }: Below,
): Promise<FoundBacking> {
  const ports = nodePorts({ roots })
  await using walked = await walkChain(path, ports, { format: asked, choices })
  // What the overlay holds is told by comparing: all below it must be readable.
  await using chain = await openLayers(walked, ports)
  const [link] = walked.links
  const parent = asParent(target, link)
  const name = nameFrom(target, path)
  const found = link.facts.format
  const backing = { name, format: formatRules[found].qemuDriver ?? found, parent }
  const { virtualSize } = chain.disk
  const writer = await rulesOf(format).writer()
  // The writer refuses what it cannot name before anything is written.
  if (found === format) writer.stateSize({ virtualSize, compression: 'none', choices: { backing } })
  if (found === format && format === 'vdi') await assertFound(target, link, ports)
  return { ...backing, disk: { kind: 'image', path, roots, format: found }, virtualSize }
}

function asParent(target: string, { file, facts }: WalkedLink): ParentImage {
  const between = relative(dirname(target), file.path)
  return {
    path: file.path,
    relative: isAbsolute(between) ? null : between.split(sep).join('/'),
    facts,
    modifiedMs: file.fingerprint.modifiedMs,
  }
}

/** A VDI has no name of its parent: throws `refused` where programs would find another one of its UUID, or none. */
async function assertFound(target: string, { file, facts }: WalkedLink, ports: ImagePorts): Promise<void> {
  const { identity } = facts
  if (identity.kind !== 'uuid') return
  const names = await namesOfVdi({ path: target }, identity.uuid, ports)
  const open = referenceOpener({ from: target, files: ports.files })
  const taken = await open(names).catch((error: unknown) => {
    if (isDiskError(error, 'not-found')) return null
    throw error
  })
  await using found = taken?.file
  if (found?.fingerprint.inode === file.fingerprint.inode) return
  throw notNameable(
    target,
    found
      ? `${JSON.stringify(found.path)} has the same UUID and would be found instead`
      : 'it would not be found',
    'A VDI names its parent by UUID only: the parent must lie in its folder or the one above, or a .vbox file there must say where it is, and no other image there may have its UUID.',
  )
}

/** Relative to the overlay where the backing file lies in its folder or below, so that both can be moved together. */
export function nameFrom(target: string, path: string): string {
  const name = relative(dirname(target), path)
  if (isAbsolute(name) || name.split(sep)[0] === '..') return path
  // A colon in the first part of a path would be taken for a protocol.
  return name.split(sep)[0]?.includes(':') ? `.${sep}${name}` : name
}
