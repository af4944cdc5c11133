import { formatRules } from '@varve/core/formats/format-rules'
import { openChain } from '@varve/core/formats/open-chain'
import { DiskError } from '@varve/core/problems/disk-error'
import { nodePorts } from '../ports.ts'
import type { Backing, DiskInput } from '../requests.ts'
import { dirname, isAbsolute, relative, sep } from 'node:path'

/** How an overlay at `target` names the image below it, which must be one that QEMU opens as a backing file. */
export async function backingOf(
  target: string,
  { path, roots, format: asked, choices }: DiskInput & { kind: 'image' },
): Promise<Backing> {
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
  return { name: nameFrom(target, path), format: qemuDriver, disk: { kind: 'image', path, roots, format } }
}

/** Relative to the overlay where the backing file lies in its folder or below, so that both can be moved together. */
export function nameFrom(target: string, path: string): string {
  const name = relative(dirname(target), path)
  if (isAbsolute(name) || name.split(sep)[0] === '..') return path
  // A colon in the first part of a path would be taken for a protocol.
  return name.split(sep)[0]?.includes(':') ? `.${sep}${name}` : name
}
