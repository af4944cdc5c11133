import type { DiskInput } from '@varve/engine/requests'
import type { ImageAddress } from '@varve/operations/actions/image-address'
import type { ActionPorts } from './adapter.ts'

/** An image as the engine reads it: nothing outside the roots is opened. */
export function imageInput(
  { path, format, reading }: ImageAddress,
  { roots }: Pick<ActionPorts, 'roots'>,
): DiskInput & { kind: 'image' } {
  return { kind: 'image', path, roots, format, choices: reading }
}
