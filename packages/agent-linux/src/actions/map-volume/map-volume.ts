import { existsSync } from 'node:fs'
import { DiskError } from '@varve/core/problems/disk-error'
import { mappedPrefix, mappedVolume } from '@varve/core/volumes/mapped-names'
import type { ActionInput } from '@varve/operations/actions/action-table'
import { deviceOf } from '@varve/operations/actions/mount-filesystem'
import { createCommand } from '../../tools/dmsetup/commands.ts'
import { isInLibraries } from '../in-libraries.ts'
import { kernelAction, notThere, type KernelContext } from '../kernel-action.ts'
import { mappingNow } from '../mapping.ts'

type Input = ActionInput<'map-volume'>

/** Names say whose it is: what is there of that name was made by an attempt before. */
export const mapVolume = kernelAction('map-volume', {
  tool: 'dmsetup',
  build: ({ attachment, device, over, volume, isReadOnly, pieces }) =>
    createCommand({
      mapped: mappedVolume(attachment, volume),
      deviceOf: (partition) => over ?? deviceOf({ device, partition }),
      isReadOnly,
      pieces,
    }),
  about: ({ device }) => device,
  async isOfLibraries(input, context) {
    const { attachment, over } = input
    return (
      (over === null || over.startsWith(mappedPrefix(attachment))) && (await isInLibraries(input, context))
    )
  },
  async before(input, context) {
    const { pieces, volume, device } = input
    if (pieces.length === 0 || pieces.some(({ stripes }) => stripes.length === 0))
      throw new DiskError('invalid-request', {
        file: device,
        reason: `nothing says where ${volume.group}/${volume.name} lies`,
      })
    return Promise.resolve(mapped(input, context))
  },
  async after(input, context) {
    const found = mapped(input, context)
    if (found === null && !existsSync(input.over ?? input.device)) throw notThere('dmsetup', input.device)
    return Promise.resolve(found)
  },
  isFoundAgain: true,
})

/** A mapping without its table, as a death in between leaves it, has no size. */
function mapped({ attachment, volume, pieces }: Input, context: KernelContext) {
  const device = mappedVolume(attachment, volume)
  const now = mappingNow({ attachment, mapped: device }, context)
  const wanted = pieces.reduce((sum, { size }) => sum + size, 0)
  return now === null || now.size !== wanted || !existsSync(device)
    ? null
    : { mapped: device, volume, size: now.size }
}
