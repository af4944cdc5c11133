import { DiskError } from '@varve/core/problems/disk-error'
import type { DiskInput } from '@varve/engine/run/requests'
import { nbdInput, type NbdInput } from '@varve/engine/run/nbd-input'
import { isNbdAddress } from '@varve/nbd/nbd-address'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import type { ActionPorts } from './adapter.ts'

/** A disk as the engine reads it: an image, or, where there are no roots, an NBD export. Throws `refused` as `imageInput` does. */
export function diskInput(address: ImageAddress, ports: Pick<ActionPorts, 'roots'>): DiskInput {
  const { path, format, reading } = address
  if (ports.roots !== null || !isNbdAddress(path)) return imageInput(address, ports)
  const choices = Object.values(reading).filter((choice) => choice !== undefined && choice !== false)
  if (choices.length > 0 || (format !== null && format !== 'raw'))
    throw new DiskError('refused', {
      file: path,
      reason: 'an NBD export is a disk: it has no format, no snapshots and nothing to choose',
      remedy: 'Leave those choices out; an image in an export is read from a copy of it.',
    })
  return nbdInput(path) ?? imageInput(address, ports)
}

/** An export that is written to; throws `refused` where there are roots, and `invalid-request` for what is no address. */
export function exportInput(target: string, { roots }: Pick<ActionPorts, 'roots'>): NbdInput {
  if (roots !== null)
    throw new DiskError('refused', {
      file: target,
      reason: 'agents write images of their libraries only, and that is an NBD export',
      remedy: 'Use the command on that host.',
    })
  const input = nbdInput(target)
  if (input === null) throw new DiskError('invalid-request', { file: target, reason: 'it is no NBD address' })
  return input
}

/** An image as the engine reads it: nothing outside the roots is opened. Throws `refused` for a rescue below roots, and for an NBD export. */
export function imageInput(
  { path, format, reading }: ImageAddress,
  { roots }: Pick<ActionPorts, 'roots'>,
): DiskInput & { kind: 'image' } {
  if (isNbdAddress(path))
    throw new DiskError('refused', {
      file: path,
      reason:
        roots === null
          ? 'this reads image files, and that is an NBD export'
          : 'agents read the images of their libraries only, and that is an NBD export',
      remedy:
        roots === null
          ? 'Convert it to a file first.'
          : 'Use the command on that host, which reads NBD exports for digest, compare, map, measure, convert and clone.',
    })
  if (reading.rescue === true && roots !== null)
    throw new DiskError('refused', {
      file: path,
      reason: 'what is read with force is proven by nothing, and no agent does that',
      remedy: 'Use the command with --rescue on that host.',
    })
  const { withoutFree, leftOut, extended, cutTo, ...choices } = reading
  return {
    kind: 'image',
    path,
    roots,
    format,
    choices,
    ...(withoutFree && { withoutFree }),
    ...(leftOut && { leftOut }),
    ...(extended && { extended }),
    ...(cutTo !== undefined && { cutTo }),
  }
}
