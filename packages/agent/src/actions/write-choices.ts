import type { WriteChoices } from '@varve/core/image/image-choices'
import { readChoices } from '@varve/core/formats/write-choices'
import { DiskError } from '@varve/core/problems/disk-error'
import type { NewImage } from '@varve/operations/actions/new-image'

/** The choices of a new image as its writer takes them; throws `invalid-request` for those that its format does not have. */
export function writeChoices({ target, format, options, guest, identity }: NewImage): WriteChoices {
  const read = readChoices(
    format,
    Object.entries(options).map(([name, value]) => `${name}=${value}`),
  )
  if ('fault' in read) throw new DiskError('invalid-request', { file: target, reason: read.fault })
  return { ...guest, ...read.choices, ...(identity && { identity }) }
}
