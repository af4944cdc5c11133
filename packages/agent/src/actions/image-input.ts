import { DiskError } from '@varve/core/problems/disk-error'
import type { DiskInput } from '@varve/engine/requests'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import type { ActionPorts } from './adapter.ts'

/** An image as the engine reads it: nothing outside the roots is opened. Throws `refused` for a rescue below roots. */
export function imageInput(
  { path, format, reading }: ImageAddress,
  { roots }: Pick<ActionPorts, 'roots'>,
): DiskInput & { kind: 'image' } {
  if (reading.rescue === true && roots !== null)
    throw new DiskError('refused', {
      file: path,
      reason: 'what is read with force is proven by nothing, and no agent does that',
      remedy: 'Use the command with --rescue on that host.',
    })
  return { kind: 'image', path, roots, format, choices: reading }
}
