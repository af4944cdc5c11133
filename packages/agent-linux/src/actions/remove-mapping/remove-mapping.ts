import { removeCommand } from '../../tools/dmsetup/commands.ts'
import { isInLibraries } from '../in-libraries.ts'
import { kernelAction } from '../kernel-action.ts'
import { stillMapped, unlessMapped, whenUnmapped } from '../mapping.ts'

export const removeMapping = kernelAction('remove-mapping', {
  tool: 'dmsetup',
  build: ({ mapped }) => removeCommand(mapped),
  about: ({ mapped }) => mapped,
  isOfLibraries: isInLibraries,
  otherwise: ({ mapped }) => ({ mapped }),
  before: unlessMapped('dmsetup'),
  after: whenUnmapped,
  failure: stillMapped,
})
